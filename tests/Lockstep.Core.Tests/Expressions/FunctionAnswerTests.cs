using Lockstep.Core.Rows;
using NodaTime;
using Instant = Lockstep.Core.Rows.Instant;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>Functions against answers from elsewhere: specifications, papers, almanacs, and twins written from their words.</summary>
public sealed class FunctionAnswerTests
{
    static Value Evaluate(string text) => LanguagePageTests.Evaluate(text, []);

    // RFC 1321, appendix A.5
    [Theory]
    [InlineData("", "d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("message digest", "f96b697d7cb7938d525a2f31aaf161d0")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f")]
    public void Md5_is_that_of_its_RFC(string text, string hash) => Assert.Equal(hash, Evaluate($"md5('{text}')").ToString());

    // xxHash's own vectors, XXH64 with seed 0
    [Theory]
    [InlineData("", 0xEF46DB3751D8E999UL)]
    [InlineData("a", 0xD24EC4F1A98C6E5BUL)]
    [InlineData("abc", 0x44BC2CF5AD770999UL)]
    [InlineData("Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1UL)]
    public void Hash64_is_xxHash64(string text, ulong hash) => Assert.Equal(unchecked((long)hash), Evaluate($"hash64('{text}')").AsInt64);

    // Winkler 1994, table 2
    [Theory]
    [InlineData("MARTHA", "MARHTA", 0.961)]
    [InlineData("DWAYNE", "DUANE", 0.840)]
    [InlineData("DIXON", "DICKSONX", 0.813)]
    [InlineData("JERALDINE", "GERALDINE", 0.926)]
    [InlineData("ABROMS", "ABRAMS", 0.922)]
    [InlineData("HARDIN", "MARTINEZ", 0.722)]
    [InlineData("ITMAN", "SMITH", 0.467)]
    [InlineData("same", "same", 1.0)]
    [InlineData("abc", "xyz", 0.0)]
    public void Jaro_winkler_is_that_of_its_paper(string a, string b, double similarity)
        => Assert.Equal(similarity, Math.Round(Evaluate($"jaro_winkler('{a}', '{b}')").AsFloat64, 3));

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("saturday", "sunday", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("naïve", "naive", 1)]
    public void Levenshtein_counts_edits(string a, string b, long distance) => Assert.Equal(distance, Evaluate($"levenshtein('{a}', '{b}')").AsInt64);

    // ISO 8601's own examples of weeks, and leap seconds do not exist
    [Theory]
    [InlineData("week(timestamp '2005-01-01T00:00:00Z')", "53")]
    [InlineData("week(timestamp '2005-12-31T00:00:00Z')", "52")]
    [InlineData("week(timestamp '2007-01-01T00:00:00Z')", "1")]
    [InlineData("week(timestamp '2008-12-29T00:00:00Z')", "1")]
    [InlineData("week(timestamp '2010-01-03T00:00:00Z')", "53")]
    [InlineData("dayofyear(timestamp '2024-12-31T00:00:00Z')", "366")]
    [InlineData("dayofweek(timestamp '1969-07-20T20:17:40Z')", "0")]
    [InlineData("date_trunc('week', timestamp '1969-07-20T20:17:40Z')", "1969-07-14T00:00:00Z")]
    [InlineData("date_trunc('quarter', timestamp '1969-11-20T00:00:00Z')", "1969-10-01T00:00:00Z")]
    [InlineData("date_diff('month', timestamp '2024-01-31T00:00:00Z', timestamp '2024-02-01T00:00:00Z')", "1")]
    [InlineData("date_diff('week', timestamp '2024-03-03T23:59:59Z', timestamp '2024-03-04T00:00:00Z')", "1")]
    [InlineData("date_diff('year', timestamp '1970-01-01T00:00:00Z', timestamp '1969-12-31T23:59:59Z')", "-1")]
    [InlineData("age(timestamp '2000-02-29T00:00:00Z', timestamp '2001-02-28T00:00:00Z')", "0")]
    [InlineData("age(timestamp '2000-02-29T00:00:00Z', timestamp '2001-03-01T00:00:00Z')", "1")]
    // New York changes its clocks on 2024-03-10 and 2024-11-03
    [InlineData("hour(in_zone(timestamp '2024-03-10T06:59:59Z', 'America/New_York'))", "1")]
    [InlineData("hour(in_zone(timestamp '2024-03-10T07:00:00Z', 'America/New_York'))", "3")]
    [InlineData("hour(in_zone(timestamp '2024-11-03T06:00:00Z', 'America/New_York'))", "1")]
    [InlineData("hour(in_zone(timestamp '2024-11-03T05:00:00Z', 'America/New_York'))", "1")]
    [InlineData("in_zone(now(), 'Mars/Olympus')", "null")]
    // Christmas 2024 on a Wednesday: Tuesday evening to Thursday morning
    [InlineData("business_hours_between(timestamp '2024-12-24T21:00:00Z', timestamp '2024-12-26T15:30:00Z', 'America/New_York', 9, 17)", "10.5")]
    [InlineData("business_hours_between(timestamp '2024-12-26T15:30:00Z', timestamp '2024-12-24T21:00:00Z', 'America/New_York', 9, 17, ['2024-12-25'])", "-2.5")]
    [InlineData("business_hours_between(timestamp '2024-03-08T05:00:00Z', timestamp '2024-03-12T04:00:00Z', 'America/New_York', 0, 24)", "48")]
    [InlineData("business_hours_between(timestamp '2024-01-01T00:00:00Z', timestamp '2035-01-01T00:00:00Z', 'UTC', 9, 17)", "null")]
    [InlineData("business_hours_between(timestamp '2024-01-01T00:00:00Z', timestamp '2024-01-02T00:00:00Z', 'UTC', 9, 25)", "null")]
    [InlineData("is_business_time(timestamp '2024-07-05T13:00:00Z', 'America/New_York', 9, 17)", "true")]
    [InlineData("is_business_time(timestamp '2024-07-05T12:59:59Z', 'America/New_York', 9, 17)", "false")]
    [InlineData("is_business_time(timestamp '2024-07-06T13:00:00Z', 'America/New_York', 9, 17)", "false")]
    public void Time_is_that_of_the_calendar(string expression, string answer) => Assert.Equal(answer, Evaluate(expression).ToString());

    // A quarter of a meridian is a quarter of the circumference; JFK to LAX as great-circle tables have it, on a sphere
    [Theory]
    [InlineData(0, 0, 90, 0, 10007.557)]
    [InlineData(0, 0, 0, 180, 20015.114)]
    [InlineData(48.8566, 2.3522, 51.5074, -0.1278, 343.557)]
    [InlineData(10, 20, 10, 20, 0)]
    public void Haversine_is_the_length_of_the_great_circle(double latitude1, double longitude1, double latitude2, double longitude2, double kilometres)
        => Assert.Equal(kilometres, Math.Round(Evaluate(FormattableString.Invariant($"haversine({latitude1}, {longitude1}, {latitude2}, {longitude2})")).AsFloat64, 3));

    [Theory]
    [InlineData("split('a', ',')", "[\"a\"]")]
    [InlineData("split('', ',')", "[\"\"]")]
    [InlineData("split('a--b--', '--')", "[\"a\", \"b\", \"\"]")]
    [InlineData("split('naïve', 'ï')", "[\"na\", \"ve\"]")]
    [InlineData("split('abc', '')", "[\"abc\"]")]
    [InlineData("occurrences('aaaa', 'aa')", "2")]
    [InlineData("occurrences('aaaa', '')", "0")]
    [InlineData("list_sum([9223372036854775807, 1])", "null")]
    [InlineData("list_sum([9223372036854775807, 1, -1])", "9223372036854775807")]
    [InlineData("list_avg([null, cast(null as float64)])", "null")]
    [InlineData("list_min([3, 1, 2])", "1")]
    [InlineData("list_max([-3.5, null, -1.5])", "-1.5")]
    [InlineData("l2_normalize([0.0, 0.0])", "null")]
    [InlineData("vector_divide([1.0, 2.0], [1.0, 0.0])", "null")]
    [InlineData("one_hot(2, [1, 2, 3])", "[0, 1, 0]")]
    [InlineData("ordinal(7, [1, 2, 3])", "null")]
    [InlineData("bucketize(5, [0, 5, 10])", "2")]
    [InlineData("bucketize(-1, [0, 5, 10])", "0")]
    [InlineData("dot([1, 2], [3.0, 4.0])", "11")]
    [InlineData("cosine_similarity([-0.73, 0.69, 0.53], [-3.65, 3.4499999999999997, 2.6500000000000004])", "1")]
    [InlineData("cosine_similarity([-0.73, 0.69, 0.53], [3.65, -3.4499999999999997, -2.6500000000000004])", "-1")]
    [InlineData("cosine_similarity([1.0], [0.0])", "null")]
    [InlineData("list_contains([1.5, 2.5], 2.5)", "true")]
    [InlineData("list_contains([1.5, 2.5], 2)", "false")]
    [InlineData("cast([1, null] as list<float64>)", "[1, null]")]
    [InlineData("list_length([date '2024-01-01'])", "1")]
    [InlineData("[true, false][-1]", "false")]
    public void Lists_and_texts(string expression, string answer) => Assert.Equal(answer, Evaluate(expression).ToString());

    [Theory]
    [InlineData("list<float32>", "cosine_similarity(v, [1.0, 1.0])", "0.9486832980505138")]
    [InlineData("list<float32>", "dot(v, v)", "1.25")]
    [InlineData("list<int32>", "list_sum(v)", "3")]
    [InlineData("list<int32>", "bucketize(2.5, v)", "2")]
    [InlineData("list<int32>", "list_avg(v)", "1.5")]
    public void A_list_is_widened_element_by_element(string type, string expression, string answer)
    {
        Assert.True(FeatureType.TryParse(type, out var list));
        var value = list.Element!.Kind == TypeKind.Float32 ? Value.List(Value.Of(0.5f), Value.Of(1f)) : Value.List(Value.Of(1), Value.Of(2));
        Assert.Equal(answer, LanguagePageTests.Evaluate(expression, [(new("v", list), value)]).ToString());
    }

    // From the words of its page: minute by minute, what is_business_time says.
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Business_hours_are_the_minutes_of_business_time(int seed)
    {
        var random = new Random(seed);
        foreach (var zone in new[] { "America/New_York", "Asia/Kathmandu", "UTC", "Pacific/Apia" })
        {
            var from = Instant.Floor(1_709_000_000_000_000 + random.NextInt64(20 * Instant.Day), Instant.Minute);
            var to = from + random.Next(0, 6_000) * Instant.Minute;
            var (open, close) = (random.Next(0, 12), random.Next(12, 25));
            var clock = $"'{zone}', {open}, {close}, ['2024-03-06', '2024-03-12']";
            var minutes = 0;
            for (var minute = from; minute < to; minute += Instant.Minute)
                if (Naive(minute, zone, open, close)) minutes++;
            var got = Evaluate($"business_hours_between(from_epoch_us({from}), from_epoch_us({to}), {clock})").AsFloat64;
            Assert.True(minutes / 60.0 == got, $"seed {seed}: {zone} {Instant.Format(from)} {Instant.Format(to)} {open}-{close}: {got} hours, {minutes} minutes");
        }
    }

    static bool Naive(long micros, string zone, int open, int close)
    {
        var local = NodaTime.Instant.FromUnixTimeTicks(micros * 10).InZone(DateTimeZoneProviders.Tzdb[zone]).LocalDateTime;
        return local.DayOfWeek is not (IsoDayOfWeek.Saturday or IsoDayOfWeek.Sunday) && local.Hour >= open && local.Hour < close
            && local.Date != new LocalDate(2024, 3, 6) && local.Date != new LocalDate(2024, 3, 12);
    }
}
