using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.TrainingSets;

/// <summary>What a training set read, so that it can be asked for again (S19): features with exact versions, and the state of every table.</summary>
public sealed record TrainingSetRecord
{
    const string Ending = ".lockstep.json";

    public int Format { get; init; } = 1;

    /// <summary>When it was made, RFC 3339.</summary>
    public required string MadeAt { get; init; }

    public required string Spine { get; init; }
    public required string Timestamp { get; init; }
    public required long Rows { get; init; }
    public required bool FullNames { get; init; }
    public required bool AsKnown { get; init; }

    /// <summary>In the order of the result's columns.</summary>
    public required IReadOnlyList<RecordedFeature> Features { get; init; }

    public required IReadOnlyList<RecordedView> Views { get; init; }

    /// <summary>What became of the expectations of its views; null: there are none.</summary>
    public IReadOnlyList<ExpectationResult>? Expectations { get; init; }

    /// <summary>Where the record of a file stands.</summary>
    public static string PathFor(string output) => output + Ending;

    public static TrainingSetRecord Load(string path)
    {
        if (!File.Exists(path)) throw new LockstepException(ErrorKind.NotFound, $"There is no record of a training set at '{path}'. It is written beside the output as <output>{Ending}.");
        try
        {
            var record = JsonSerializer.Deserialize<TrainingSetRecord>(File.ReadAllText(path), Json) ?? throw new JsonException("null");
            return record.Format == 1 ? record
                : throw new LockstepException(ErrorKind.Failed, $"The record '{path}' has format {record.Format}; this program reads 1. Use a newer one.");
        }
        catch (JsonException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"The record '{path}' cannot be read: {e.Message}", e);
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Writes it whole or not at all, around what it records: everything that can fail is done before <paramref name="commit"/>.</summary>
    internal void Save(string path, Action? commit = null)
    {
        var unfinished = path + ".tmp";
        try
        {
            File.WriteAllText(unfinished, ToJson() + "\n");
            commit?.Invoke();
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LockstepException(ErrorKind.Failed, $"The record '{path}' cannot be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>The same features, by the versions recorded, which must still mean the same (S23).</summary>
    internal FeatureSet Resolve(Catalog catalog)
    {
        var problems = Views.Where(v => Find(catalog, v)?.Fingerprint != v.Fingerprint).Select(v => new Problem(Severity.Error, null, Find(catalog, v) is null
            ? $"The training set read view '{v.View}', which is not there any more."
            : $"View '{v.View}' does not mean what it did when the training set was made (its fingerprint was {v.Fingerprint})."));
        if (problems.ToList() is { Count: > 0 } found) throw new LockstepException(ErrorKind.Conflict, found);
        return FeatureSet.Resolve(catalog, [.. Features.Select(f => f.ToSelection())], FullNames, "the record");
    }

    /// <summary>The ends that were recorded of a view over a table and a stream (S25); null: it has none.</summary>
    internal TableEnds? EndsOf(ViewVersion view) => Views.First(v => v.View == view.Id) is { End: { } end } of ? TableEnds.Of(of.Ends, Instant.Parse(end)) : null;

    /// <summary>What was recorded of the table of a view.</summary>
    internal TableState StateOf(ViewVersion view) => Views.FirstOrDefault(v => v.View == view.Id)?.Table
        ?? throw new LockstepException(ErrorKind.Failed, $"The record does not say which files of view '{view.Id}' were read.");

    /// <summary>The on-demand views among the features: they have no table; what they read is recorded beside them.</summary>
    internal static IEnumerable<RecordedView> OnDemandOf(FeatureSet features)
        => features.Outputs.Where(o => o.IsOnDemand).Select(o => o.View).DistinctBy(v => v.Id).Select(v => new RecordedView(v.Id, v.Fingerprint, null));

    internal static IReadOnlyList<RecordedFeature> FeaturesOf(FeatureSet features) => [.. features.Outputs.Select(o =>
    {
        if (o.IsOnDemand) return new RecordedFeature(o.View.Id, o.Feature, null, new SortedDictionary<string, string>(StringComparer.Ordinal));
        var lookup = features.Lookups[o.Lookup];
        var keys = lookup.View.Keys.Fields.Zip(lookup.KeyColumns).Where(k => k.First.Name != k.Second);
        return new RecordedFeature(lookup.View.Id, lookup.View.Features[o.Ordinal].Name, lookup.Alias, new SortedDictionary<string, string>(keys.ToDictionary(k => k.First.Name, k => k.Second), StringComparer.Ordinal));
    })];

    static ViewVersion? Find(Catalog catalog, RecordedView view) => catalog.Views.FirstOrDefault(v => v.Id == view.View);

    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it is a file, not a part of a page
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };
}

/// <summary>One feature of a recorded training set; <c>Keys</c> holds the join keys that were read from columns of other names.</summary>
public sealed record RecordedFeature(string View, string Feature, string? Alias, IReadOnlyDictionary<string, string> Keys)
{
    internal FeatureSelection ToSelection() => FeatureSelection.TryParse($"{View}:{Feature}", out var selection)
        ? selection with { Alias = Alias, Keys = Keys }
        : throw new LockstepException(ErrorKind.Failed, $"The record names a feature '{View}:{Feature}', which is not of the form view@version:feature.");
}

/// <summary>A view that was read: its version, what it meant, and its table; an on-demand view has none.</summary>
public sealed record RecordedView(string View, string Fingerprint, TableState? Table)
{
    /// <summary>Of an aggregation view over a table and a stream: where the table ended and the log began (S25), RFC 3339.</summary>
    public string? End { get; init; }

    /// <summary>As it was known (S8), where the end has moved: every one, and from when on it held.</summary>
    public IReadOnlyList<RecordedEndOf>? Ends { get; init; }
}

/// <summary>An end that a training set used, and the instant from which on it was known, both RFC 3339; the first one holds from the beginning on.</summary>
public sealed record RecordedEndOf(string End, string? RecordedAt);
