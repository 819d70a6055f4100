using Lockstep.Core.PointInTime;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.PointInTime;

public sealed class KeyIndexTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S4_equal_keys_share_a_number_and_no_others_do(int seed)
    {
        var random = new Random(seed);
        var (texts, numbers) = (new BytesColumn(FeatureType.Bytes), new FixedColumn<long>(FeatureType.Int64));
        Dictionary<string, int> twin = new(StringComparer.Ordinal);
        List<int> expected = [];
        for (var i = 0; i < 20_000; i++)
        {
            var text = new byte[random.Next(40)];
            for (var b = 0; b < text.Length; b++) text[b] = (byte)random.Next(2); // lengths beside each other, few values
            var number = random.NextInt64(4) << random.Next(62); // patterns in the high bits
            if (random.Next(50) == 0) texts.AppendNull(); else texts.Append(text);
            if (random.Next(50) == 0) numbers.AppendNull(); else numbers.Append(number);
            if (texts.IsNull(i) || numbers.IsNull(i)) expected.Add(-1);
            else
            {
                var key = $"{Convert.ToHexString(text)}/{number}";
                if (!twin.TryGetValue(key, out var group)) twin.Add(key, group = twin.Count);
                expected.Add(group);
            }
        }
        var index = new KeyIndex([FeatureType.Bytes, FeatureType.Int64]);
        var (interned, found, scratch) = (new int[20_000], new int[20_000], new int[20_000]);
        index.Intern([texts, numbers], interned, scratch);
        index.Find([texts, numbers], found, scratch);

        Assert.True(expected.SequenceEqual(interned), $"seed {seed}");
        Assert.True(expected.SequenceEqual(found), $"seed {seed}");
        Assert.Equal(twin.Count, index.Count);
    }

    [Fact]
    public void S4_a_key_that_was_never_seen_has_no_number()
    {
        var index = new KeyIndex([FeatureType.String]);
        var (known, asked) = (new BytesColumn(FeatureType.String), new BytesColumn(FeatureType.String));
        known.Append("UA");
        foreach (var text in (string[])["ua", "U", "UAA", "", "UA"]) asked.Append(text);
        index.Intern([known], new int[1], new int[1]);
        var found = new int[5];
        index.Find([asked], found, new int[5]);

        Assert.Equal([-1, -1, -1, -1, 0], found);
    }
}
