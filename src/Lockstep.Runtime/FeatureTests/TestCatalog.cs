using System.Collections.Concurrent;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.FeatureTests;

// The definitions as their files are, bound as an apply would, and moved onto the rows of a test:
//  1. Each source gets columns with types: declared ones, else those of its data, else what the views read them as, else what the
//     given values look like. In text data every value is what its text says, so there the views come before the data.
//  2. The definitions are bound against these columns. A mistake in them ends everything: nothing could be tested.
//  3. For a test every source becomes a Parquet file of these columns with the given rows, or without any; a view whose rows are given
//     becomes a value view over them. Expectations are left out: they are of real data, and a few made-up rows say nothing of these.
//     Everything else stays as it is, fingerprints included.
sealed class TestCatalog
{
    const string GivenSource = "given";

    readonly FeatureTestSetup _setup;
    readonly string _folder;
    readonly ConcurrentDictionary<string, Schema> _columns = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, string> _empty = new(StringComparer.Ordinal);
    readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    TestCatalog(FeatureTestSetup setup, string folder) => (_setup, _folder) = (setup, folder);

    public Catalog Catalog { get; private set; } = Catalog.Empty;
    public IReadOnlyList<Problem> Warnings { get; private set; } = [];

    /// <exception cref="LockstepException"><see cref="ErrorKind.DefinitionsInvalid"/>, with everything that is wrong.</exception>
    public static TestCatalog Bind(FeatureTestSetup setup, IReadOnlyList<FeatureTest> tests, string folder, CancellationToken token)
    {
        TestCatalog bench = new(setup, folder);
        var given = tests.SelectMany(t => t.Given).SelectMany(g => g.Rows.SelectMany(r => r.Values), (g, v) => (g.Name, v)).ToLookup(g => g.Name, g => g.v, StringComparer.Ordinal);
        var bound = DefinitionBinder.Bind(setup.Definitions, setup.Registered, source => bench.Columns(source, given[source.Name]), (view, sources) => bench.Describe(view, sources, token), setup.Schemas.Content);
        if (bound.HasErrors) throw new LockstepException(ErrorKind.DefinitionsInvalid, bound.Problems);
        bench.Warnings = bound.Problems;
        bench.Catalog = bound.ToCatalog(setup.Registered ?? Catalog.Empty, Math.Max(1, setup.Registered?.Number ?? 0)).With(setup.Content);
        return bench;
    }

    public Schema Columns(Source source) => Columns(source, []);

    Schema Columns(Source source, IEnumerable<NamedValue> given) => _columns.GetOrAdd(source.Name, _ =>
    {
        var data = Data(source);
        if (data is not null) _seen.Add(source.Name);
        var declared = (source.Columns ?? []).ToDictionary(f => f.Name, f => f.Type, StringComparer.Ordinal);
        var implied = Implied(source);
        var values = given.ToLookup(v => v.Name, v => v.Value, StringComparer.Ordinal);
        var names = declared.Keys.Concat(data is not null ? data.Fields.Select(f => f.Name) : implied.Keys.Concat(values.Select(v => v.Key)));
        var isText = source.Table is { Format: TableFormat.Csv or TableFormat.Json or TableFormat.JsonLines };
        return new(names.Distinct(StringComparer.Ordinal).Select(name => new Field(name, TypeOf(name))));

        FeatureType TypeOf(string name)
        {
            if (declared.TryGetValue(name, out var said)) return said;
            var found = data is not null && data.IndexOf(name) is var at and >= 0 ? data[at].Type : null;
            if (found is not null && !isText) return found;
            return implied.GetValueOrDefault(name) ?? found ?? TestValue.TypeOf(values[name]);
        }
    });

    Schema? Data(Source source)
    {
        try
        {
            return _setup.Schemas.Source(source);
        }
        catch (LockstepException)
        {
            return null; // data that are not here, or cannot be read, are for validate to tell of
        }
    }

    /// <summary>Types that views read columns as.</summary>
    Dictionary<string, FeatureType> Implied(Source source)
    {
        Dictionary<string, FeatureType> types = new(StringComparer.Ordinal);
        if (source.Table is { } table)
        {
            types.TryAdd(table.Timestamp, FeatureType.Timestamp);
            if (table.Created is { } created) types.TryAdd(created, FeatureType.Timestamp);
        }
        var entities = _setup.Definitions.Entities.DistinctBy(e => e.Name).ToDictionary(e => e.Name, StringComparer.Ordinal);
        foreach (var view in _setup.Definitions.Views)
        {
            if (view switch { ValueView v => v.Source, AggregationView a => a.Source, _ => null } != source.Name) continue;
            foreach (var key in view.Entities.SelectMany(e => entities.TryGetValue(e, out var entity) ? entity.JoinKeys : [])) types.TryAdd(key.Name, key.Type);
            foreach (var feature in (view as ValueView)?.Features.Where(f => f.Expression is null) ?? []) types.TryAdd(feature.Column, feature.Type);
        }
        foreach (var computed in source.Derived) types.Remove(computed.Name);
        return types;
    }

    Schema? Describe(ValueView view, IReadOnlyDictionary<string, Source> sources, CancellationToken token)
        => sources.Keys.All(_seen.Contains) ? _setup.Schemas.Query(view, sources)
            : _setup.Engine.DescribeQuery(QueryRequest.Over(sources.Values, s => Table(s, EmptyFile(s, token)), $"view '{view.Name}'", view.Sql!), token);

    static TableInput Table(Source source, string path) => new() { Name = $"source '{source.Name}'", Format = TableFormat.Parquet, Files = [new(path)] };

    string EmptyFile(Source source, CancellationToken token) => _empty.GetOrAdd(source.Name, name =>
    {
        var path = Path.Combine(_folder, $"no {name}.parquet");
        Write(path, Columns(source), [], token);
        return path;
    });

    void Write(string path, Schema schema, IReadOnlyList<Value[]> rows, CancellationToken token)
    {
        using var writer = _setup.Engine.CreateFile(new(path, TableFormat.Parquet), schema, token);
        ColumnBatch batch = new(schema);
        foreach (var row in rows) batch.AppendRow(row);
        if (rows.Count > 0) writer.Write(batch, token);
        writer.Complete(token);
    }

    /// <summary>The catalog over the rows of a test, whose files go into a folder of its own.</summary>
    /// <exception cref="LockstepException">With everything that is wrong with the rows.</exception>
    public Catalog Over(FeatureTest test, string folder, CancellationToken token)
    {
        List<Problem> problems = [];
        Dictionary<string, string> files = new(StringComparer.Ordinal);
        foreach (var table in test.Given)
        {
            if (!Catalog.Sources.TryGetValue(table.Name, out var source))
            {
                var hint = Catalog.Views.Any(v => v.Name == table.Name) ? " It is a view: rows of views go under 'given_views'." : NearestName.Hint(table.Name, Catalog.Sources.Keys, "Sources");
                problems.Add(new(Severity.Error, table.Location, $"There is no source '{table.Name}'.{hint}"));
                continue;
            }
            var schema = Columns(source);
            var rows = Rows(table, schema, $"source '{table.Name}'", source.Table?.Timestamp, null, problems);
            Write(files[table.Name] = Path.Combine(folder, $"{table.Name}.parquet"), schema, rows, token);
        }
        Dictionary<string, ViewVersion> given = new(StringComparer.Ordinal);
        foreach (var table in test.GivenViews)
            if (View(table, problems) is { } view)
            {
                Schema schema = new([.. view.Keys.Fields, .. view.Features.Fields, new(EventTimestamp, FeatureType.Timestamp)]);
                var rows = Rows(table, schema, $"view '{table.Name}'", null, test.Cases.Min(c => c.At), problems);
                var path = Path.Combine(folder, $"{view.Id}.parquet");
                Write(path, schema, rows, token);
                given[view.Id] = Given(view, schema, path);
            }
        if (problems.Count > 0) throw new LockstepException(ErrorKind.BadArguments, problems);
        return Catalog.With(Catalog.Sources.Values.Select(Moved),
            Catalog.Views.Select(v => given.GetValueOrDefault(v.Id) ?? (v with { View = v.View with { Expect = [] }, Sources = new SortedDictionary<string, Source>(v.Sources.ToDictionary(s => s.Key, s => Moved(s.Value)), StringComparer.Ordinal) })));

        Source Moved(Source source) => source with
        {
            Stream = null,
            Expect = [],
            Columns = Columns(source).Fields,
            Table = new()
            {
                Path = files.GetValueOrDefault(source.Name) ?? EmptyFile(source, token),
                Format = TableFormat.Parquet,
                Timestamp = source.Table?.Timestamp ?? source.Stream!.Timestamp!,
                Created = source.Table is null ? source.Stream!.Created : source.Table.Created,
            },
        };
    }

    const string EventTimestamp = "event_timestamp";

    ViewVersion? View(GivenTable table, List<Problem> problems)
    {
        var at = table.Name.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? table.Name : table.Name[..at];
        var selector = VersionSelector.Newest;
        var found = at < 0 || VersionSelector.TryParse(table.Name[(at + 1)..], out selector) ? Catalog.FindView(name, selector) : null;
        if (found is { View: not OnDemandView }) return found;
        problems.Add(new(Severity.Error, table.Location, found is not null
            ? $"View '{name}' is computed from requests; give rows of what it reads."
            : $"There is no view '{table.Name}'.{NearestName.Hint(name, Catalog.Views.Where(v => v.View is not OnDemandView).Select(v => v.Name), "Views")}"));
        return null;
    }

    static ViewVersion Given(ViewVersion view, Schema columns, string path) => view with
    {
        View = new ValueView
        {
            Name = view.Name,
            Version = view.Version,
            Entities = view.View.Entities,
            Online = view.View.Online,
            Source = GivenSource,
            Ttl = (view.View as ValueView)?.Ttl ?? 0,
            Features = [.. view.Features.Fields.Select((f, i) => new ValueFeature { Name = f.Name, Column = f.Name, Type = f.Type, Default = view.Defaults[i] })],
        },
        Sources = new SortedDictionary<string, Source>(StringComparer.Ordinal)
        {
            [GivenSource] = new() { Name = GivenSource, Columns = columns.Fields, Table = new() { Path = path, Format = TableFormat.Parquet, Timestamp = EventTimestamp } },
        },
    };

    /// <param name="needed">A column that every row has to name; null: none.</param>
    /// <param name="otherwise">The event timestamp of rows that name none.</param>
    static List<Value[]> Rows(GivenTable table, Schema schema, string what, string? needed, long? otherwise, List<Problem> problems)
    {
        List<Value[]> rows = [];
        foreach (var row in table.Rows)
        {
            var values = new Value[schema.Count];
            foreach (var (name, location, written) in row.Values)
            {
                var column = schema.IndexOf(name);
                if (column < 0) problems.Add(new(Severity.Error, location, $"{char.ToUpperInvariant(what[0])}{what[1..]} has no column '{name}'.{NearestName.Hint(name, schema.Fields.Select(f => f.Name), "Columns")}"));
                else if (!written.TryRead(schema[column].Type, out values[column]))
                    problems.Add(new(Severity.Error, written.Location, $"'{written}' is no value for column '{name}' of {what}: it is {schema[column].Type}, {ValueText.Expected(schema[column].Type)}."));
            }
            if (needed is not null && row.Find(needed) is null) problems.Add(new(Severity.Error, row.Location, $"A row of {what} lacks '{needed}', the instant at which it was known. (Write null for a row without one.)"));
            if (otherwise is { } at && row.Find(EventTimestamp) is null) values[schema.IndexOf(EventTimestamp)] = Value.Timestamp(at);
            rows.Add(values);
        }
        return rows;
    }
}
