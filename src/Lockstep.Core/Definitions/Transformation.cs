using System.Globalization;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>A function of one value whose parameters are learned from data, as of an instant: a mean and a deviation, categories, a vocabulary.</summary>
public sealed record Transformation : Definition
{
    public const string KindName = "transformation";
    public override string Kind => KindName;

    /// <summary>Names of the expressions among the features of <see cref="ToView"/>.</summary>
    internal const string InputFeature = "input", TargetFeature = "target";

    public SemanticVersion Version { get; init; } = SemanticVersion.Default;

    /// <summary>How it is learned, one of <see cref="FitMethods"/>.</summary>
    public required string Fit { get; init; }

    /// <summary>What it is learned on: an expression over features and <see cref="Columns"/>.</summary>
    public required string Input { get; init; }

    /// <summary>The value that a category is encoded by, likewise; null where the method needs none.</summary>
    public string? Target { get; init; }

    /// <summary>Columns that the spine brings beside keys and timestamp: labels, request fields.</summary>
    public IReadOnlyList<Field> Columns { get; init; } = [];

    /// <summary>Parameters of the method as written; those left out have their defaults.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>A parameter of the method, as written or by default.</summary>
    public string Parameter(string name) => Parameters.TryGetValue(name, out var given) ? given
        : FitMethods.Find(Fit)?.Parameters.FirstOrDefault(p => p.Name == name)?.Default ?? throw new InvalidOperationException($"'{Fit}' has no parameter '{name}'.");

    internal int Whole(string name) => int.Parse(Parameter(name), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Its expressions as an on-demand view: they are bound and computed as one.</summary>
    internal OnDemandView ToView() => new()
    {
        Name = ViewName(Name),
        Version = Version,
        Location = Location,
        Places = Places,
        Request = Columns,
        Features = [new(InputFeature, Input), .. Target is null ? (ExpressionFeature[])[] : [new(TargetFeature, Target)]],
    };

    /// <summary>The name of <see cref="ToView"/>: no view can have it.</summary>
    internal static string ViewName(string name) => $"{KindName}/{name}";

    internal static bool IsViewName(string view) => view.StartsWith(KindName + "/", StringComparison.Ordinal);
}

/// <summary>One version of a transformation, checked and bound.</summary>
public sealed record TransformationVersion
{
    public required Transformation Transformation { get; init; }

    /// <summary>Its expressions, bound as an on-demand view.</summary>
    public required ViewVersion Inputs { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>The text behind the fingerprint.</summary>
    public string Meaning { get; init; } = "";

    /// <summary>Not used by new versions of views any more (S24).</summary>
    public bool Retired { get; init; }

    public string Name => Transformation.Name;
    public SemanticVersion Version => Transformation.Version;

    /// <summary><c>amount_scale@1.0.0</c></summary>
    public string Id => $"{Name}@{Version}";
}
