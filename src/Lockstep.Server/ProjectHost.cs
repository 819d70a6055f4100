using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine;
using Lockstep.Kafka;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.FeatureTests;
using Lockstep.Runtime.History;
using Lockstep.Runtime.Lookup;
using Lockstep.Runtime.Materialization;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Projects;
using Lockstep.Runtime.Registry;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Readers;
using Lockstep.Runtime.Streaming.Readers.Files;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Runtime.Transformations;
using Lockstep.Runtime.Verification;
using Lockstep.Sqlite.OnlineStore;
using Lockstep.Sqlite.Registry;
using Lockstep.Sqlite.Runs;

namespace Lockstep.Server;

/// <summary>
/// An open project: the one place where settings become stores and engines. Each part is made when it is first asked for, so that a
/// verb pays for what it uses. For any number of threads; disposing of it ends what was made.
/// </summary>
public sealed class ProjectHost : IAsyncDisposable
{
    readonly Lazy<IBatchEngine> _engine;
    readonly Lazy<IRegistry> _registry;
    readonly Lazy<IOnlineStore> _online;
    readonly Lazy<OfflineViewStore> _offline;
    readonly Lazy<ITrackedTables> _tables;
    readonly Lazy<IRunStore> _runs;
    readonly Lazy<LookupSnapshotStore> _lookups;

    /// <param name="folder">Its folder.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="csharp">On-demand views that this program brings in C#.</param>
    public ProjectHost(ProjectFolder folder, TimeProvider clock, CSharpViews? csharp = null)
    {
        CSharp = csharp ?? new();
        Folder = folder ?? throw new ArgumentNullException(nameof(folder));
        Clock = clock ?? throw new ArgumentNullException(nameof(clock));
        _engine = new(MakeEngine);
        _lookups = new(() => new LookupSnapshotStore(() => Path.Combine(OfflineFolder(), "lookups"), () => Engine, () => Tables));
        _registry = new(() => new RegistryWithContent(new SqliteRegistry(Folder.RegistryFile), new(_lookups.Value, CSharp)));
        _online = new(MakeOnlineStore);
        _offline = new(() => new OfflineViewStore(OfflineFolder(), Engine, Clock) { FinishedVersion = FinishedVersion });
        _runs = new(() => new SqliteRunStore(RunsFile, StoreAddress.Redact(Settings.OnlineStore)));
        _tables = new(() => new SourceTables(Folder.Root, _offline.Value, Clock));
    }

    /// <summary>The project of a folder or its nearest parent.</summary>
    /// <param name="environment">Null: the default one.</param>
    /// <param name="variable">Fills <c>${NAME}</c> in the settings.</param>
    public static ProjectHost Open(string start, string? environment, Func<string, string?> variable, TimeProvider clock, CSharpViews? csharp = null)
        => new(ProjectFolder.Open(start, environment, variable), clock, csharp);

    public ProjectFolder Folder { get; }
    public TimeProvider Clock { get; }
    public ProjectSettings Settings => Folder.Settings;

    public IBatchEngine Engine => _engine.Value;
    public IRegistry Registry => _registry.Value;
    public IOnlineStore OnlineStore => _online.Value;
    public OfflineViewStore OfflineStore => _offline.Value;
    public ITrackedTables Tables => _tables.Value;

    /// <summary>The record of runs: a file beside the registry, named after it.</summary>
    public IRunStore Runs => _runs.Value;

    /// <summary>On-demand views that this program brings in C#.</summary>
    public CSharpViews CSharp { get; }

    public RegistryService RegistryService => new(Registry, Clock, _lookups.Value);

    /// <summary>Learns the parameters of transformations.</summary>
    public TransformationFitter Fitter(CancellationToken token) => new(Registry, TrainingSets, Schemas(token), Clock);
    public TrainingSetBuilder TrainingSets => new(Engine, Tables, Clock, EndsOf);

    // Training is synchronous, and so is the store: nothing waits here.
    IReadOnlyList<RecordedEnd> EndsOf(ViewVersion view) => ViewEnds.ForTrainingAsync(Runs, view, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    public Materializer Materializer => new(new()
    {
        Tables = Tables,
        Offline = OfflineStore,
        Engine = Engine,
        Online = OnlineStore,
        Runs = Runs,
        Clock = Clock,
        Options = new() { OnlineStore = StoreAddress.Redact(Settings.OnlineStore), ProjectFolder = Folder.Root },
    });

    /// <summary>The project's streams in this process, not begun yet; the caller's to dispose of.</summary>
    public StreamHost OpenStreams(Action<string, string>? warn = null) => new(new()
    {
        Logs = OfflineStore.Logs,
        Online = OnlineStore,
        Runs = Runs,
        Clock = Clock,
        Limits = new() { MaxEventBytes = Settings.Server.MaxEventBytes },
        Warn = warn,
        Reader = feed => ReaderOf(feed, warn),
        RecordFirstEnd = RecordFirstEndAsync,
    });

    IStreamReader? ReaderOf(SourceFeed feed, Action<string, string>? warn) => feed.Source.Stream switch
    {
        PushStreamSource => null,
        FileStreamSource => new FolderReader(feed, Engine, Folder.Root, Clock, warn),
        KafkaStreamSource => KafkaStreams.Reader(feed, new() { Project = Settings.Project, Properties = Settings.Kafka }),
        var stream => throw new NotSupportedException($"No reader of {stream}."),
    };

    /// <summary>Online against offline (S22).</summary>
    public ParityCheck Parity => new(Engine, Tables, OnlineStore, Runs, StoreAddress.Redact(Settings.OnlineStore), Clock);

    public TrainingSetProof TrainingSetProof => new(Engine, Tables, Clock, EndsOf);

    /// <summary>Records where the table of an aggregation view over a table and a stream ends, for those that have no end yet (S25): what follows an apply.</summary>
    public async ValueTask RecordFirstEndsAsync(CancellationToken token)
    {
        var catalog = await LoadCatalogAsync(token);
        foreach (var view in catalog.Views.Where(v => v is { Retired: false, View: AggregationView } && ViewEnds.Fixed(EventProgram.SourceOf(v)) is null))
            await RecordFirstEndAsync(view, catalog, token);
    }

    ValueTask RecordFirstEndAsync(ViewVersion view, Catalog catalog, CancellationToken token) => ViewEnds.RecordFirstAsync(Runs, Engine, view, Tables.View(view, catalog), Instant.Now(Clock), token);

    /// <summary>What is registered now.</summary>
    public async ValueTask<Catalog> LoadCatalogAsync(CancellationToken token) => (await Registry.LoadAsync(token)).Catalog;

    /// <summary>What would be registered if the definitions were applied as their files are now.</summary>
    /// <exception cref="LockstepException"><see cref="ErrorKind.DefinitionsInvalid"/>, with everything that is wrong with them.</exception>
    public async ValueTask<Catalog> LoadDefinedCatalogAsync(CancellationToken token)
    {
        var registered = await LoadCatalogAsync(token);
        var read = Folder.ReadDefinitions();
        var schemas = Schemas(token);
        var bound = DefinitionBinder.Bind(read.Definitions, registered.Number == 0 ? null : registered, schemas.Source, schemas.Query, schemas.Content);
        return read.HasErrors || bound.HasErrors
            ? throw new LockstepException(ErrorKind.DefinitionsInvalid, [.. read.Problems, .. bound.Problems])
            : bound.ToCatalog(registered, Math.Max(1, registered.Number)); // with the content that the registered one has
    }

    /// <summary>A server over this project, which stays the caller's.</summary>
    public ServerParts ServerParts(ServerSettings settings) => new() { Settings = settings, OnlineStore = OnlineStore, Clock = Clock, Registry = Registry, TrainingSets = () => TrainingSets, Materializer = () => Materializer, Parity = () => Parity, Streams = OpenStreams };

    /// <summary>Answers of serving as of earlier instants, from the tables and the log.</summary>
    public FeatureHistory History(Catalog catalog) => new(TrainingSets, catalog, Clock);

    /// <summary>The raw events that made a value.</summary>
    public ValueLineage Lineage(Catalog catalog) => new(Engine, Tables, History(catalog), Runs, Folder.Root);

    public FeatureServer CreateFeatureServer(Catalog catalog) => new(OnlineStore, Clock, Settings.Server, catalog);

    /// <summary>What tests of these definitions work with; their stores are made beside each other in temporary folders.</summary>
    public FeatureTestSetup FeatureTests(ProjectDefinitions definitions, Catalog? registered, CancellationToken token) => new()
    {
        Definitions = definitions,
        Registered = registered,
        Schemas = Schemas(token),
        Content = new(_lookups.Value, CSharp),
        Engine = Engine,
        OnlineStore = static (path, clock) => new SqliteOnlineStore(new() { Path = path, CacheBytes = 0 }, clock),
        Runs = static path => new SqliteRunStore(path),
        Parallelism = Math.Clamp(Environment.ProcessorCount, 1, 8),
        Clock = Clock,
    };

    /// <summary>Reads columns from the data, for checks and plans.</summary>
    public SchemaProbe Schemas(CancellationToken token) => new(
        source => source.Table is null ? null : Engine.ReadSchema(Tables.Source(source), token),
        (view, sources) => Engine.DescribeQuery(QueryRequest.Over(sources.Values, Tables.Source, $"view '{view.Name}'", view.Sql!), token))
    {
        Content = new() { Lookup = table => _lookups.Value.Read(table, token), CSharp = CSharp },
    };

    public async ValueTask DisposeAsync()
    {
        if (_online.IsValueCreated) await _online.Value.DisposeAsync();
        if (_runs.IsValueCreated) await _runs.Value.DisposeAsync();
        if (_registry.IsValueCreated) _registry.Value.Dispose();
        if (_engine.IsValueCreated) _engine.Value.Dispose();
    }

    // Named after the registry: two environments may keep theirs in one folder.
    string RunsFile => Path.ChangeExtension(Folder.RegistryFile, ".runs.db");

    /// <summary>Asked without making the file: whoever only reads leaves no trace.</summary>
    long? FinishedVersion(ViewVersion view) => File.Exists(RunsFile) ? Runs.StoredVersionAsync(view.Id, CancellationToken.None).AsTask().GetAwaiter().GetResult() : null;

    IBatchEngine MakeEngine() => Settings.Engine == "duckdb"
        ? new DuckDbEngine()
        : throw Unsupported("engine", StoreAddress.Redact(Settings.Engine), "duckdb");

    IOnlineStore MakeOnlineStore()
    {
        const string Scheme = "embedded:";
        if (!Settings.OnlineStore.StartsWith(Scheme, StringComparison.Ordinal)) throw Unsupported("online_store", StoreAddress.Redact(Settings.OnlineStore), "embedded:<file>");
        return new WriteBehindStore(new SqliteOnlineStore(new() { Path = Folder.Resolve(Settings.OnlineStore[Scheme.Length..]) }, Clock), Clock);
    }

    string OfflineFolder() => Settings.OfflineStore.Contains("://", StringComparison.Ordinal)
        ? throw Unsupported("offline_store", StoreAddress.Redact(Settings.OfflineStore), "a folder")
        : Folder.Resolve(Settings.OfflineStore);

    static LockstepException Unsupported(string key, string value, string known)
        => new(ErrorKind.BadArguments, $"'{key}: {value}' in {ProjectSettings.FileName} is not supported by this version. It knows: {known}.");
}
