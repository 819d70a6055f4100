using Lockstep.Core.Aggregation;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Compliance.Aggregation;

/// <summary>
/// Thin random events and features for property tests: few keys, few instants at and around hops, ties, nulls, extremes; so that every
/// boundary is hit. One seed gives one problem: columns of random types, features of random functions and windows, events, instants.
/// </summary>
public sealed class RandomEvents
{
    static readonly FeatureType[] s_types =
    [
        FeatureType.Float64, FeatureType.Float64, FeatureType.Float32, FeatureType.Int64, FeatureType.Int32, FeatureType.Decimal(38, 2), FeatureType.Decimal(20, 0), FeatureType.Bool,
        FeatureType.String, FeatureType.Bytes, FeatureType.Timestamp, FeatureType.Date, FeatureType.List(FeatureType.Float32), FeatureType.List(FeatureType.String),
    ];

    static readonly string[] s_windows = ["1s", "1m", "2m", "5m", "1h", "3h", "24h", "7d", "lifetime"];

    readonly Random _random;
    readonly long _base;
    readonly long _reach;

    public RandomEvents(int seed, int maxEvents = 40)
    {
        _random = new(seed);
        Types = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => s_types[_random.Next(s_types.Length)])];
        Filters = _random.Next(3);
        Delay = _random.Next(3) == 0 ? _random.NextInt64(1, 90 * Instant.Minute) : 0;
        _base = _random.Next(5) switch { 0 => 0, 1 => -3 * Instant.Day - 1, 2 => long.MaxValue - 10 * Instant.Day, 3 => long.MinValue + Instant.Day, _ => 1_700_000_000_000_000 };
        _reach = _random.Next(4) switch { 0 => 10 * Instant.Second, 1 => 10 * Instant.Minute, 2 => 5 * Instant.Hour, _ => 9 * Instant.Day };
        Features = [.. Enumerable.Range(0, _random.Next(1, 6)).Select(_ => Feature())];
        Events = [.. Enumerable.Range(0, _random.Next(maxEvents)).Select(_ => Event())];
        if (Events.Length > 0 && _random.Next(2) == 0) Events = [.. Events, .. Events.Take(3)]; // duplicates are two events
        Labels = [.. Enumerable.Range(0, _random.Next(1, 30)).Select(_ => (Key(), _random.Next(15) == 0 ? (long?)null : Time()))];
    }

    public Random Random => _random;
    public FeatureType[] KeyTypes { get; } = [FeatureType.Int64];
    public FeatureType[] Types { get; }
    public int Filters { get; }
    public long Delay { get; }
    public NaiveFeature[] Features { get; }
    public NaiveEvent[] Events { get; }
    public (Value[] Key, long? At)[] Labels { get; }

    /// <summary>The plan of these features: inputs c0, c1 …, filters "0", "1" ….</summary>
    public WindowPlan Plan()
    {
        var builder = new WindowPlanBuilder(KeyTypes, Delay);
        for (var i = 0; i < Features.Length; i++)
        {
            var f = Features[i];
            builder.Add($"f{i}", f.Function, f.Column < 0 ? null : new($"c{f.Column}", f.Type!), f.Window, f.Parameters, f.Filter < 0 ? null : f.Filter.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        return builder.Build();
    }

    /// <summary>Events as batches of the plan's layout, cut at random.</summary>
    public IEnumerable<ColumnBatch> Batches(WindowPlan plan, IEnumerable<NaiveEvent> events, bool withKnown = false, bool withUntil = false)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(events);
        var schema = new Schema([
            .. plan.Keys.Select((k, i) => new Field($"key{i}", k)), new Field("event_time", FeatureType.Timestamp), .. plan.Inputs.Fields,
            .. plan.Filters.Select(f => new Field($"filter {f}", FeatureType.Bool)), .. withKnown ? [new Field("known_at", FeatureType.Timestamp)] : Array.Empty<Field>(), .. withUntil ? [new Field("until", FeatureType.Timestamp)] : Array.Empty<Field>()]);
        var batch = new ColumnBatch(schema);
        var size = _random.Next(1, 9);
        foreach (var e in events)
        {
            batch.AppendRow([
                .. e.Key, e.Time is { } t ? Value.Timestamp(t) : Value.Null, .. plan.Inputs.Fields.Select(f => e.Values[int.Parse(f.Name[1..], System.Globalization.CultureInfo.InvariantCulture)]),
                .. plan.Filters.Select(f => e.Passes[int.Parse(f, System.Globalization.CultureInfo.InvariantCulture)] ? Value.Of(true) : _random.Next(2) == 0 ? Value.Of(false) : Value.Null),
                .. withKnown ? [e.Known is { } known ? Value.Timestamp(known) : Value.Null] : Array.Empty<Value>(),
                .. withUntil ? [e.Until is { } until ? Value.Timestamp(until) : Value.Null] : Array.Empty<Value>()]);
            if (batch.Count < size) continue;
            yield return batch;
            batch.Clear();
            size = _random.Next(1, 9);
        }
        if (batch.Count > 0) yield return batch;
    }

    public override string ToString() => $"types {string.Join(",", (object[])Types)}; delay {Delay}; base {_base}; {Events.Length} events, {Labels.Length} labels; {string.Join("; ", (object[])Features)}";

    NaiveFeature Feature()
    {
        while (true)
        {
            var function = AggregateCatalog.BuiltIn.All[_random.Next(AggregateCatalog.BuiltIn.All.Count)];
            var column = function.CountsRows && _random.Next(2) == 0 ? -1 : _random.Next(Types.Length);
            if (column >= 0 && !function.Accepts(Types[column])) continue;
            Dictionary<string, string> parameters = [];
            foreach (var p in function.Parameters)
            {
                if (p.Default is not null && _random.Next(2) == 0) continue;
                parameters[p.Name] = p.Kind switch
                {
                    ParameterKind.Integer => Pick("1", "2", "3", "20"),
                    ParameterKind.Number => Pick("0", "0.5", "0.95", "1", "0.333"),
                    ParameterKind.Duration => Pick("1s", "1h", "7m", "30d"),
                    ParameterKind.Window => Pick("10s", "10m", "30d", "lifetime"),
                    _ => p.Words[_random.Next(p.Words.Count)],
                };
            }
            if (function.Name == "ratio" && column < 0) parameters["of"] = "count";
            long? hop = _random.Next(3) switch { 0 => 1, 1 => Instant.Second, _ => null };
            Window.TryParse(Pick(s_windows), hop, out var window);
            if (function.CheckWindow(window, new(function.Parameters, parameters)) is not null) continue;
            return new(function.Name, column, column < 0 ? null : Types[column], window) { Parameters = parameters, Filter = _random.Next(Filters + 1) - 1 };
        }
    }

    NaiveEvent Event() => new(Key(), _random.Next(20) == 0 ? null : Time(), [.. Types.Select(RandomValue)], [.. Enumerable.Range(0, Filters).Select(_ => _random.Next(2) == 0)],
        _random.Next(6) == 0 ? null : Time());

    Value[] Key() => [_random.Next(12) == 0 ? Value.Null : Value.Of((long)_random.Next(3))];

    /// <summary>Around multiples of hops, so that edges are met.</summary>
    public long Time()
    {
        Int128 time = _base;
        time += _random.NextInt64(_reach);
        var unit = Pick(1L, Instant.Second, Instant.Minute, 5 * Instant.Minute, Instant.Hour, Instant.Day);
        time -= time % unit;
        time += _random.Next(4) switch { 0 => -1, 1 => 1, _ => 0 };
        return time > long.MaxValue ? long.MaxValue : time < long.MinValue ? long.MinValue : (long)time;
    }

    public Value RandomValue(FeatureType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (_random.Next(6) == 0) return Value.Null;
        var n = _random.Next(4);
        var rare = _random.Next(40) == 0;
        return type.Kind switch
        {
            TypeKind.Bool => Value.Of(n == 0),
            TypeKind.Int32 => Value.Of(rare ? int.MinValue : n - 1),
            TypeKind.Int64 => Value.Of(rare ? long.MaxValue : n == 3 ? _random.NextInt64() : n - 1),
            TypeKind.Float32 => Value.Of(rare ? float.MaxValue : n == 0 ? -1.5f : n == 1 ? 0f : n == 2 ? 0.1f : _random.NextSingle()),
            TypeKind.Float64 => Value.Of(rare ? Pick(1e300, -9223372036854775808.0, double.Epsilon, 1e-20) : n == 0 ? -0.1 : n == 1 ? 0d : n == 2 ? 1e15 : _random.NextDouble()),
            TypeKind.Decimal => Value.Decimal(rare ? (Int128)Value.PowerOfTen(type.Precision) - 1 : n == 0 ? -1234 : n, type.Scale),
            TypeKind.String => Value.Of(Pick("", "é", "z", "b")), // é is after z by bytes
            TypeKind.Bytes => Value.Of(Pick<byte[]>([], [200], [1, 2])),
            TypeKind.Timestamp => Value.Timestamp(n - 1),
            TypeKind.Date => Value.Date(n - 1),
            _ => Value.List([.. Enumerable.Range(0, rare ? 1 : 2).Select(_ => RandomValue(type.Element!))]),
        };
    }

    T Pick<T>(params T[] from) => from[_random.Next(from.Length)];
}
