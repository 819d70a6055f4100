using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>A named, versioned group of features that are computed and stored together.</summary>
public abstract record FeatureView : Definition
{
    public SemanticVersion Version { get; init; } = SemanticVersion.Default;

    /// <summary>The entities whose join keys, one after the other, are the view's key. Empty for an on-demand view.</summary>
    public IReadOnlyList<string> Entities { get; init; } = [];

    /// <summary>Whether it is served online.</summary>
    public bool Online { get; init; } = true;

    /// <summary>What must hold of its values.</summary>
    public IReadOnlyList<Expectation> Expect { get; init; } = [];
}

/// <summary>The newest row of a table as of an instant (S5, S6).</summary>
public sealed record ValueView : FeatureView
{
    public const string KindName = "value_view";
    public override string Kind => KindName;

    /// <summary>The source it reads; null when <see cref="Sql"/> says what to read.</summary>
    public string? Source { get; init; }

    /// <summary>A SELECT over sources by their names; computed once a run and stored offline.</summary>
    public string? Sql { get; init; }

    /// <summary>The event timestamp column of <see cref="Sql"/>; a source names its own.</summary>
    public string? Timestamp { get; init; }

    /// <summary>The created timestamp column of <see cref="Sql"/>.</summary>
    public string? Created { get; init; }

    /// <summary>
    /// Of <see cref="Sql"/> with <c>$start</c> and <c>$end</c>: a row of a source changes rows of the result up to this much later, and none
    /// before it; microseconds. Null: all later ones.
    /// </summary>
    public long? Lookback { get; init; }

    /// <summary>Rows older than this do not count, microseconds; 0: no limit.</summary>
    public long Ttl { get; init; }

    public string? Where { get; init; }

    /// <summary>Features in schema order.</summary>
    public required IReadOnlyList<ValueFeature> Features { get; init; }
}

/// <summary>A column of a value view.</summary>
public sealed record ValueFeature
{
    public required string Name { get; init; }

    /// <summary>The column it is read from, its own name unless the author says otherwise; without meaning where there is an <see cref="Expression"/>.</summary>
    public required string Column { get; init; }

    /// <summary>What it is computed by, over the columns of the source, as written; null: it is read from <see cref="Column"/>.</summary>
    public string? Expression { get; init; }

    public required FeatureType Type { get; init; }

    /// <summary>What stands for null, at training and at serving alike; null: nothing.</summary>
    public Value Default { get; init; }

    public string? Description { get; init; }
}

/// <summary>Functions over windows of events (S9 to S15).</summary>
public sealed record AggregationView : FeatureView
{
    public const string KindName = "aggregation_view";
    public override string Kind => KindName;

    public required string Source { get; init; }
    public string? Where { get; init; }

    /// <summary>Events count this much later, microseconds (S9).</summary>
    public long Delay { get; init; }

    public required IReadOnlyList<AggregateFeature> Features { get; init; }
}

/// <summary>One function over one column and any number of windows; one feature for each window.</summary>
public sealed record AggregateFeature
{
    public required string Name { get; init; }

    /// <summary>The function by its name: count, sum, avg …</summary>
    public required string Function { get; init; }

    /// <summary>The column it reads; null for <c>count: "*"</c>.</summary>
    public string? Column { get; init; }

    /// <summary>Parameters by name, as written: n, q, half_life …</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    public string? Where { get; init; }

    public required IReadOnlyList<Window> Windows { get; init; }

    public Value Default { get; init; }
    public string? Description { get; init; }
}

/// <summary>
/// A length of time, or the whole past; with the hop that its lower edge moves by (S10). The name is as written, since it ends the
/// names of features: <c>24h</c> and <c>1d</c> are as long, but <c>flights_24h</c> is not <c>flights_1d</c>.
/// </summary>
public readonly record struct Window(string Name, long Length, long Hop)
{
    /// <summary>Length of <c>lifetime</c>: no lower end.</summary>
    public const long Lifetime = long.MaxValue;

    public const string LifetimeName = "lifetime";

    static readonly long[] Hops =
        [Instant.Day, 6 * Instant.Hour, Instant.Hour, 30 * Instant.Minute, 5 * Instant.Minute, Instant.Minute, 30 * Instant.Second, 5 * Instant.Second, Instant.Second];

    public bool IsLifetime => Length == Lifetime;

    /// <summary>Reads <c>24h</c> or <c>lifetime</c>; the hop is that of S10 unless one is given.</summary>
    public static bool TryParse(string? text, long? hop, out Window window)
    {
        window = default;
        text = text?.Trim();
        var length = Lifetime;
        if (text != LifetimeName && !Duration.TryParse(text, out length)) return false;
        window = new(text!.Replace(" ", "", StringComparison.Ordinal), length, hop ?? HopOf(length));
        return true;
    }

    /// <summary>The largest of 1s … 1d that is at most a sixtieth of the length; a second under a minute (S10).</summary>
    public static long HopOf(long length)
    {
        foreach (var hop in Hops)
            if (hop <= length / 60) return hop;
        return Instant.Second;
    }
}

/// <summary>Expressions over request fields and other features (S16, S17).</summary>
public sealed record OnDemandView : FeatureView
{
    public const string KindName = "on_demand_view";
    public override string Kind => KindName;

    public IReadOnlyList<Field> Request { get; init; } = [];

    /// <summary>Computed when rows of the view that it reads are written, instead of on every request.</summary>
    public bool Write { get; init; }

    /// <summary>Of a view written in C# its outputs, without expressions: those that the author says more of; once bound, all.</summary>
    public required IReadOnlyList<ExpressionFeature> Features { get; init; }

    /// <summary>The name of the C# view that computes it; null where <see cref="Features"/> are expressions.</summary>
    public string? CSharp { get; init; }

    /// <summary>What each input of the C# view is, where it is not a request field of its name.</summary>
    public IReadOnlyList<ExpressionFeature> Inputs { get; init; } = [];
}

/// <summary>A feature that is an expression, as written.</summary>
public sealed record ExpressionFeature(string Name, string Expression)
{
    public Value Default { get; init; }
    public string? Description { get; init; }
}
