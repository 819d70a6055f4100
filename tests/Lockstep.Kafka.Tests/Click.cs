using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Lockstep.Core.Rows;

namespace Lockstep.Kafka.Tests;

/// <summary>An event; prices are quarters, so that any sum of them is exact in every order.</summary>
internal sealed record Click(long User, long At, string Page, double Price)
{
    public byte[] Json => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"user_id\":{User},\"at\":\"{Instant.Format(At)}\",\"page\":\"{Page}\",\"price\":{Price:R}}}"));

    /// <summary>The fields in Avro's binary encoding, in the order of <see cref="AvroSchema"/>.</summary>
    public byte[] Avro(int? schemaId)
    {
        using MemoryStream bytes = new();
        if (schemaId is { } id) bytes.Write([0, (byte)(id >> 24), (byte)(id >> 16), (byte)(id >> 8), (byte)id]);
        Long(User);
        Long(At);
        Long(Encoding.UTF8.GetByteCount(Page));
        bytes.Write(Encoding.UTF8.GetBytes(Page));
        bytes.Write(BitConverter.GetBytes(Price));
        return bytes.ToArray();

        void Long(long value)
        {
            var rest = (ulong)((value << 1) ^ (value >> 63));
            for (; rest >= 0x80; rest >>= 7) bytes.WriteByte((byte)(rest | 0x80));
            bytes.WriteByte((byte)rest);
        }
    }

    public const string AvroSchema = "{ type: record, name: click, fields: [{ name: user_id, type: long }, { name: at, type: { type: long, logicalType: timestamp-micros } }, { name: page, type: string }, { name: price, type: double }] }";

    /// <summary>In any order, each with an instant of its own, within the last hour.</summary>
    public static List<Click> Random(int seed, int count, int users, int first = 0)
    {
        var random = new Random(seed);
        var now = Instant.Now(TimeProvider.System);
        var instants = Enumerable.Range(0, count).Select(i => now - Instant.Hour + (first + i) * 100L).ToArray();
        random.Shuffle(instants);
        return [.. instants.Select((at, i) => new Click(random.Next(users), at, $"p{first + i}", random.Next(-400, 4000) / 4.0))];
    }
}

/// <summary>What is served of a user; null: nothing.</summary>
internal sealed record Served(string? Page, double? Price, long Clicks, double? Spent)
{
    /// <summary>The judge: over all events, by the words of S5, S6 and S9 alone.</summary>
    public static Served Expected(IEnumerable<Click> clicks, long user)
    {
        var (newest, count, sum) = ((Click?)null, 0L, 0.0);
        foreach (var click in clicks.Where(c => c.User == user))
        {
            if (newest is null || click.At > newest.At) newest = click;
            (count, sum) = (count + 1, sum + click.Price);
        }
        return new(newest?.Page, newest?.Price, count, count == 0 ? null : sum);
    }
}

internal sealed class Clicks(string servers) : IDisposable
{
    readonly IProducer<byte[], byte[]?> _producer = new ProducerBuilder<byte[], byte[]?>(new ProducerConfig { BootstrapServers = servers, EnableIdempotence = true, LingerMs = 2, MessageTimeoutMs = 120_000, MessageMaxBytes = 4 << 20 })
        .SetLogHandler((_, _) => { }).Build();

    /// <summary>Returns when the broker has all of them.</summary>
    public async Task SendAsync(string topic, IEnumerable<Click> clicks) => await Task.WhenAll(clicks.Select(c => _producer.ProduceAsync(topic, new() { Key = BitConverter.GetBytes(c.User), Value = c.Json })).ToList());

    public async Task<long> SendAsync(string topic, byte[]? value, int partition = 0) => (await _producer.ProduceAsync(new TopicPartition(topic, partition), new() { Value = value })).Offset.Value;

    public void Dispose() => _producer.Dispose();
}
