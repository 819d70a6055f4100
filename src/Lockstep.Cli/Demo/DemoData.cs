using System.Globalization;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Cli.Demo;

/// <summary>
/// Made-up card payments: the same rows for the same instant, on every machine. They end just before <paramref name="until"/>, so that
/// what is served now is what the newest rows say.
/// </summary>
internal sealed class DemoData(IBatchEngine engine, string folder, long until)
{
    public const int Customers = 20_000;
    public const int Merchants = 800;
    public const int Days = 120;
    public const int Payments = 100_000;

    /// <summary>One payment in so many was looked into: is it fraud?</summary>
    public const int Labelled = 5;

    /// <summary>Labels of the small spine that the proof runs on.</summary>
    public const int SamplePayments = 1_000;

    const int BatchRows = 8_192;
    static readonly string[] Countries = ["AT", "BR", "CA", "DE", "ES", "FR", "IN", "JP", "KE", "MX", "PL", "US"];

    /// <summary>Whole minutes: a row reads well and every run of a minute gives the same bytes.</summary>
    readonly long _until = Instant.Floor(until, Instant.Minute);

    public static string MerchantName(int merchant) => "m" + merchant.ToString("0000", CultureInfo.InvariantCulture);

    /// <returns>Rows of each file.</returns>
    public IReadOnlyList<(string File, long Rows)> Write(CancellationToken token)
    {
        Directory.CreateDirectory(Path.Combine(folder, "raw"));
        var scores = new double[Merchants, Days];
        var merchants = WriteFile("raw/merchant_scores.parquet", MerchantSchema, MerchantRows(scores), token);
        var payments = MakePayments(scores).ToList();
        var labels = payments.Where(p => p.Id % Labelled == 0).Select(p => p.Label).ToList();
        var recent = Instant.Floor(_until, Instant.Day) - Instant.Day;
        return
        [
            ("raw/customer_changes.parquet", WriteFile("raw/customer_changes.parquet", CustomerSchema, CustomerRows(), token)),
            ("raw/merchant_scores.parquet", merchants),
            ("raw/payments.parquet", WriteFile("raw/payments.parquet", EventSchema, payments.Select(p => p.Event), token)),
            ("recent.jsonl", WriteFile("recent.jsonl", EventSchema, payments.Where(p => p.At >= recent).Select(p => p.Event), token)),
            ("payments.parquet", WriteFile("payments.parquet", PaymentSchema, labels, token)),
            ("payments_sample.parquet", WriteFile("payments_sample.parquet", PaymentSchema, labels.Take(SamplePayments), token)),
        ];
    }

    static readonly Schema CustomerSchema = new(
    [
        new("customer_id", FeatureType.Int64), new("changed_at", FeatureType.Timestamp), new("loaded_at", FeatureType.Timestamp),
        new("card_limit", FeatureType.Float64), new("country", FeatureType.String), new("verified", FeatureType.Bool), new("address_changes", FeatureType.Int32),
    ]);

    static readonly Schema MerchantSchema = new(
    [
        new("merchant", FeatureType.String), new("scored_at", FeatureType.Timestamp), new("risk", FeatureType.Float64), new("chargebacks", FeatureType.Int64),
    ]);

    static readonly Schema EventSchema = new(
    [
        new("payment_id", FeatureType.Int64), new("paid_at", FeatureType.Timestamp), new("customer_id", FeatureType.Int64),
        new("merchant", FeatureType.String), new("amount", FeatureType.Float64),
    ]);

    static readonly Schema PaymentSchema = new(
    [
        new("payment_id", FeatureType.Int64), new("event_timestamp", FeatureType.Timestamp), new("customer_id", FeatureType.Int64),
        new("merchant", FeatureType.String), new("amount", FeatureType.Float64), new("is_fraud", FeatureType.Bool),
    ]);

    IEnumerable<Value[]> CustomerRows()
    {
        var random = new Random(1);
        for (var customer = 1; customer <= Customers; customer++)
        {
            var country = Countries[random.Next(Countries.Length)];
            var limit = 500d * random.Next(1, 21);
            var addresses = 0;
            var at = _until - Days * Instant.Day + Instant.Floor(random.NextInt64(2 * Instant.Day), Instant.Second);
            for (; at < _until - Instant.Hour; at += Instant.Floor(Instant.Minute + random.NextInt64(24 * Instant.Day), Instant.Second))
            {
                if (random.Next(4) == 0) limit = Math.Round(limit * (0.8 + random.NextDouble() / 2), 2);
                if (random.Next(6) == 0) addresses++;
                var verified = random.Next(10) == 0 ? Value.Null : Value.Of(random.Next(5) > 0);
                var loaded = at + Instant.Second * random.Next(1, 10);
                yield return [Value.Of((long)customer), Value.Timestamp(at), Value.Timestamp(loaded), Value.Of(limit), Value.Of(country), verified, Value.Of(addresses)];
                // Now and then a change is corrected: the same time, loaded later.
                if (random.Next(30) == 0)
                    yield return [Value.Of((long)customer), Value.Timestamp(at), Value.Timestamp(loaded + Instant.Minute), Value.Of(limit + 100), Value.Of(country), verified, Value.Of(addresses)];
            }
        }
    }

    IEnumerable<Value[]> MerchantRows(double[,] scores)
    {
        var random = new Random(2);
        var lastNight = Instant.Floor(_until, Instant.Day) - 3 * Instant.Hour;
        for (var merchant = 0; merchant < Merchants; merchant++)
        {
            var risk = random.NextDouble() * random.NextDouble();
            var silent = 0;
            for (var day = Days - 1; day >= 0; day--)
            {
                risk = Math.Clamp(risk + (random.NextDouble() - 0.5) / 20, 0, 1);
                scores[merchant, day] = risk;
                if (silent > 0) silent--;
                else if (random.Next(60) == 0) silent = random.Next(1, 6);
                if (silent > 0) continue;
                yield return [Value.Of(MerchantName(merchant)), Value.Timestamp(lastNight - day * Instant.Day), Value.Of(Math.Round(risk, 4)), Value.Of((long)(risk * 40))];
            }
        }
    }

    sealed record Payment(long Id, long At, Value Customer, Value Merchant, Value Amount, bool IsFraud)
    {
        public Value[] Event => [Value.Of(Id), Value.Timestamp(At), Customer, Merchant, Amount];
        public Value[] Label => [Value.Of(Id), Value.Timestamp(At), Customer, Merchant, Amount, Value.Of(IsFraud)];
    }

    IEnumerable<Payment> MakePayments(double[,] scores)
    {
        var random = new Random(3);
        for (long payment = 1; payment <= Payments; payment++)
        {
            var age = Instant.Floor(random.NextInt64((Days - 10) * Instant.Day), Instant.Second);
            var merchant = random.Next(Merchants);
            // A few customers and merchants are strangers: a training set keeps their rows.
            var customer = random.Next(200) == 0 ? Customers + random.Next(1, 100) : random.Next(1, Customers + 1);
            var fraud = random.NextDouble() < scores[merchant, (int)(age / Instant.Day)] / 10;
            var name = random.Next(500) == 0 ? "unknown" : MerchantName(merchant);
            yield return new(payment, _until - age, Value.Of((long)customer), Value.Of(name), Value.Of(Amount(random.NextDouble())), fraud);
        }
    }

    /// <summary>A payment that happens now.</summary>
    public long WriteOne(string file, string merchant, double amount, CancellationToken token)
        => WriteFile(file, EventSchema, [new Payment(Payments + 1, until, Value.Of(4711L), Value.Of(merchant), Value.Of(amount), false).Event], token);

    // Most are small. Not by Math.Exp: its last place differs from one system to the next.
    static double Amount(double x) => Math.Round(2 + 1_500 * x * x * x, 2);

    long WriteFile(string file, Schema schema, IEnumerable<Value[]> rows, CancellationToken token)
    {
        using var writer = engine.CreateFile(new(Path.Combine(folder, file), file.EndsWith(".jsonl", StringComparison.Ordinal) ? TableFormat.JsonLines : TableFormat.Parquet), schema, token);
        var batch = new ColumnBatch(schema);
        var count = 0L;
        foreach (var row in rows)
        {
            batch.AppendRow(row);
            count++;
            if (batch.Count < BatchRows) continue;
            writer.Write(batch, token);
            batch.Clear();
        }
        if (batch.Count > 0) writer.Write(batch, token);
        writer.Complete(token);
        return count;
    }
}
