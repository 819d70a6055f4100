using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>A catalog of value views over tables made on the spot, and training sets from them.</summary>
internal sealed class TrainingSetLab : ITrackedTables, IDisposable
{
    public const string SpinePath = "spine";
    public const string OutputPath = "out";

    readonly Dictionary<string, TableInput> _tables = new(StringComparer.Ordinal);
    readonly List<Source> _sources = [];
    readonly List<ViewVersion> _views = [];

    public MemoryEngine Engine { get; } = new();
    public FixedClock Clock { get; } = new(Instant.Parse("2026-06-01T00:00:00Z"));
    public Catalog Catalog => new(1, [], _sources, _views, []);

    /// <summary>A view over a table with the columns of its keys, <c>ts</c>, <c>made</c> where it has that, and its features.</summary>
    public ViewVersion View(string name, Field[] keys, Field[] features, IEnumerable<Value[]> rows, long ttl = 0, bool created = false, Value[]? defaults = null)
    {
        var schema = new Schema([.. keys, new("ts", FeatureType.Timestamp), .. created ? [new Field("made", FeatureType.Timestamp)] : Array.Empty<Field>(), .. features]);
        var path = $"{name}.{_views.Count}";
        Engine.Put(path, schema, rows);
        _sources.Add(new() { Name = path, Table = new() { Path = path, Format = TableFormat.Parquet, Timestamp = "ts", Created = created ? "made" : null } });
        var view = new ViewVersion
        {
            View = new ValueView { Name = name, Source = path, Ttl = ttl, Features = [.. features.Select(f => new ValueFeature { Name = f.Name, Column = f.Name, Type = f.Type })] },
            Fingerprint = $"fp-{name}",
            Keys = new(keys),
            Features = new(features),
            Defaults = defaults ?? [.. features.Select(_ => Value.Null)],
        };
        _views.Add(view);
        _tables[view.Id] = new() { Name = $"source '{path}'", Format = TableFormat.Parquet, Files = [new(path)] };
        return view;
    }

    /// <summary>Another view over the same table, with the source and definition changed.</summary>
    public ViewVersion Also(ViewVersion view, string name, Func<Source, Source> source, Func<ValueView, ValueView> definition)
    {
        var read = ((ValueView)view.View).Source!;
        var columns = Engine[_tables[view.Id].Files[0].Path].Schema.Fields;
        var changed = definition((ValueView)view.View with { Name = name });
        var also = view with
        {
            View = changed,
            Features = new(changed.Features.Select(f => new Field(f.Name, f.Type))),
            Defaults = [.. changed.Features.Select(f => f.Default)],
            Sources = new Dictionary<string, Source> { [read] = source(_sources.Single(s => s.Name == read) with { Columns = columns }) },
        };
        _views.Add(also);
        _tables[also.Id] = _tables[view.Id];
        return also;
    }

    public void Spine(Field[] columns, params Value[][] rows) => Engine.Put(SpinePath, new(columns), rows);

    public TrainingSetRequest Request(params string[] features) => new()
    {
        Catalog = Catalog,
        Spine = Runtime.TrainingSets.Spine.Of(new TableInput { Name = "spine 'labels'", Format = TableFormat.Parquet, Files = [new(SpinePath)] }),
        Features = [.. features.Select(f => FeatureSelection.TryParse(f, out var selection) ? selection : throw new ArgumentException(f))],
        Output = new(OutputPath, TableFormat.Parquet),
        WriteRecord = false,
    };

    public TrainingSetReport Run(TrainingSetRequest request) => new TrainingSetBuilder(Engine, this, Clock).Run(request, null, CancellationToken.None);

    /// <summary>The result's rows.</summary>
    public List<Value[]> Rows(TrainingSetRequest request)
    {
        Run(request);
        return Engine[OutputPath].Rows;
    }

    public ProofReport Prove(TrainingSetRequest request, int cuts = TrainingSetProof.DefaultCuts)
        => new TrainingSetProof(Engine, this, Clock).Run(request, cuts, null, CancellationToken.None);

    public TableInput View(ViewVersion view, Catalog catalog) => _tables[view.Id];

    public TableLook Look(ViewVersion view, Catalog catalog, TableState? since, CancellationToken token)
        => new(_tables[view.Id], new() { Format = TableFormat.Parquet, TakenAt = 1, Files = [new(_tables[view.Id].Files[0].Path, 1, 2, 3, "f")] }, TableChange.None);

    public TableInput Reopen(ViewVersion view, Catalog catalog, TableState state, CancellationToken token)
        => _tables[view.Id] with { Files = [.. state.Files.Select(f => new TableFile(f.Path))] };

    public TableInput Source(Source source) => throw new NotSupportedException();
    public TableLook Look(Source source, TableState? since, CancellationToken token) => throw new NotSupportedException();
    public TableInput Reopen(Source source, TableState state, CancellationToken token) => throw new NotSupportedException();
    public void Dispose() => Engine.Dispose();
}

/// <summary>A clock that stands.</summary>
internal sealed class FixedClock(long now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(now * 10);
}
