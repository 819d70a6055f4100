using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Tests.Serving;

public sealed class RequestFuzzTests
{
    static readonly string[] Seeds =
    [
        """{"service":"s","entities":[{"a":"x","b":1},{"a":"y","b":2}]}""",
        """{"features":["v:n",{"view":"w","as":"z","keys":{"a":"c"},"features":["*"]}],"full_names":true,"entities":[{"a":"x","b":1,"c":"q"}],"request":[{"r":[1,2,{"x":null}]}]}""",
        """{"entities":[{"a":"\u00e9\ud83d\ude00","b":-1e3},{"b":null,"a":null}],"service_version":1,"service":"s"}""",
    ];

    static readonly string[] Pieces = ["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "true", "1e999", "-", "0", "1.5", "\"a\"", "\"entities\"", "\"features\"", "\"service\"", "\u0000", "é", "\uFEFF", " ", "//", "\"v:n\""];

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_body_is_answered_or_refused_with_words_whatever_it_is(int seed)
    {
        var random = new Random(seed);
        ServingWorld world = new();
        var view = world.View("v", [ServingWorld.F("a", "string"), ServingWorld.F("b", "int64")], [ServingWorld.F("n", "int64")]);
        world.View("w", [ServingWorld.F("a", "string")], [ServingWorld.F("m", "string")]);
        world.Service("s", 1, ServingWorld.Selection("v:n"));
        world.Put(view, [Value.Of("x"), Value.Of(1L)], (world.Now, [Value.Of(7L)]));
        var (answered, refused) = (0, 0);
        for (var i = 0; i < 20_000; i++)
        {
            var body = Mutate(random, Seeds[random.Next(Seeds.Length)]);
            try
            {
                using var answer = JsonDocument.Parse(world.Post(body));
                Assert.Equal(JsonValueKind.Array, answer.RootElement.GetProperty("rows").ValueKind);
                answered++;
            }
            catch (LockstepException known) when (known.Kind is ErrorKind.BadArguments or ErrorKind.NotFound)
            {
                Assert.NotEmpty(known.Message);
                refused++;
            }
            catch (JsonException)
            {
                refused++;
            }
            catch (Exception other) when (other is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, {i}: {body}\n{other}");
            }
        }
        Assert.True(answered > 300 && refused > 300, $"{answered} answered, {refused} refused");
    }

    static string Mutate(Random random, string body)
    {
        StringBuilder text = new(body);
        for (var n = random.Next(4); n >= 0; n--)
        {
            var at = random.Next(text.Length + 1);
            switch (random.Next(5))
            {
                case 0 when at < text.Length: text.Remove(at, Math.Min(random.Next(1, 6), text.Length - at)); break;
                case 1: text.Insert(at, Pieces[random.Next(Pieces.Length)]); break;
                case 2 when at < text.Length: text[at] = (char)random.Next(1, 128); break;
                case 3 when at < text.Length: text.Insert(random.Next(text.Length), text.ToString(at, Math.Min(random.Next(20), text.Length - at))); break;
            }
        }
        return text.ToString();
    }
}
