using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

// What is registered and what is defined make a plan:
//  1. Each definition becomes the record that would be stored. It is new, as registered, another in its properties only, or refused:
//     a view or service version keeps one fingerprint for ever, also after it was removed (S23).
//  2. What is registered and not defined any more: versions of a name that is still defined are kept (S24); an object whose name is
//     gone is removed with all its versions.
//  3. The registry as it would be must hold together: what an active service pins and what an active view reads is there.
// A service version is resolved once, when it is first applied, and pinned to exact view versions: what a model reads never changes
// under it. The next version of the service takes newer views.
internal sealed class PlanBuilder
{
    readonly RegistrySnapshot _current;
    readonly BoundDefinitions _defined;
    readonly IReadOnlyDictionary<string, Schema> _data;
    readonly bool _partial;
    readonly Dictionary<ObjectKey, ObjectRecord> _desired = [];
    readonly Dictionary<ObjectKey, Location?> _places = [];
    readonly HashSet<(ObjectCategory, string)> _names = [];
    readonly Dictionary<ObjectKey, ObjectRecord> _after = [];
    readonly List<PlannedChange> _changes = [];
    readonly List<string> _kept = [];
    readonly List<Problem> _refusals = [];
    readonly List<Problem> _warnings = [];
    int _unchanged;

    PlanBuilder(RegistrySnapshot current, BoundDefinitions defined, IReadOnlyDictionary<string, Schema> data, bool partial)
        => (_current, _defined, _data, _partial) = (current, defined, data, partial);

    /// <param name="data">Columns of sources as they are in the data, as far as there are any.</param>
    /// <param name="partial">These are some of the project's definitions: what is missing among them stays as registered.</param>
    public static RegistryPlan Build(RegistrySnapshot current, BoundDefinitions defined, IReadOnlyDictionary<string, Schema> data, bool partial = false)
        => new PlanBuilder(current, defined, data, partial).Build();

    RegistryPlan Build()
    {
        foreach (var entity in _defined.Entities) Want(RecordTexts.Of(entity), entity);
        foreach (var source in _defined.Sources) Want(RecordTexts.Of(source, source.Columns is null ? Columns(source) : null), source);
        foreach (var table in _defined.LookupTables) Want(RecordTexts.Of(table), table.Table);
        foreach (var transformation in _defined.Transformations) Want(RecordTexts.Of(transformation), transformation.Transformation);
        foreach (var view in _defined.Views) Want(RecordTexts.Of(Labelled(view)), view.View);
        foreach (var record in _desired.Values) Compare(record);
        Missing(ObjectCategory.Entity, ObjectCategory.Source, ObjectCategory.Table, ObjectCategory.Transformation, ObjectCategory.View);
        foreach (var fit in _current.Objects.Where(o => o.IsActive && o.Key.Category == ObjectCategory.Fit)) _after[fit.Key] = fit.Record; // no author writes or removes them
        foreach (var transformation in _defined.Transformations) Unfitted(transformation);
        // Services last: they are held against the views as they would be.
        foreach (var service in _defined.Services)
        {
            var record = Pinned(service);
            Want(record, service.Written);
            Compare(record);
        }
        Missing(ObjectCategory.Service);
        var users = new Usage(_after);
        var before = Usage.Of(_current);
        CheckUses(users);
        return new()
        {
            Base = _current.Number,
            RegistryId = _current.RegistryId,
            Changes = [.. _changes.OrderBy(c => c.Key).Select(c => c with { UsedBy = (c.Action == ChangeAction.Remove ? before : users).Of(c.Key) })],
            Unchanged = _unchanged,
            Kept = _kept,
            Refusals = _refusals,
            Warnings = _warnings,
        };
    }

    void Unfitted(TransformationVersion version)
    {
        var fits = _current.Catalog.Fits.Where(f => !f.Retired && f.Name == version.Name && f.Transformation == version.Version && f.TransformationFingerprint == version.Fingerprint);
        if (!fits.Any() && _after.ContainsKey(ObjectKey.Of(version.Transformation)))
            _warnings.Add(new(Severity.Warning, version.Transformation.Location, $"The transformation '{version.Id}' has not been fitted yet. Learn its parameters with: lockstep fit {version.Name} --spine <file> --at <instant>"));
    }

    void Want(ObjectRecord record, Definition definition)
    {
        _desired[record.Key] = record;
        _places[record.Key] = definition.Location;
        _names.Add((record.Key.Category, record.Key.Name));
    }

    // What only labels a source is no part of a view.
    static ViewVersion Labelled(ViewVersion view)
        => view with { Sources = view.Sources.ToDictionary(s => s.Key, s => s.Value with { Metadata = Metadata.None }, StringComparer.Ordinal) };

    // The columns of its sources stay as they were read when the version was registered: that the data have one more is no change of the view.
    ObjectRecord WithKnownColumns(ViewVersion registered, ViewVersion wanted)
    {
        var sources = wanted.Sources.ToDictionary(s => s.Key, s => registered.Sources.TryGetValue(s.Key, out var known) && !DeclaresColumns(s.Key)
            ? s.Value with { Columns = known.Columns } : s.Value, StringComparer.Ordinal);
        return RecordTexts.Of(wanted with { Sources = sources });
    }

    bool DeclaresColumns(string source)
        => (_defined.Sources.FirstOrDefault(s => s.Name == source) ?? _current.Find(new(ObjectCategory.Source, source, ""))?.Definition as Source) is { Columns: not null };

    // The schema of a source without data is not known; what was known of it stays.
    IReadOnlyList<Field>? Columns(Source source) => _data.TryGetValue(source.Name, out var schema)
        ? schema.Fields
        : _current.Find(ObjectKey.Of(source)) is { Definition: Source { Columns: null } } known ? known.Columns : null;

    void Compare(ObjectRecord wanted, bool counted = true)
    {
        var key = wanted.Key;
        _after[key] = wanted;
        if (_current.Find(key) is not { } registered)
        {
            Added(wanted);
            return;
        }
        var now = registered.Record;
        if (key.Category == ObjectCategory.View)
            _after[key] = wanted = WithKnownColumns(registered.View!, BoundJson.ReadView(wanted));
        if (key.IsVersioned && now.Fingerprint != wanted.Fingerprint)
        {
            _refusals.Add(new(Severity.Error, _places[key], ChangedMeaning.Message(_current, registered, wanted)));
            return;
        }
        switch (registered.State)
        {
            case ObjectState.Removed:
                _changes.Add(new()
                {
                    Action = key.IsVersioned ? ChangeAction.Restore : ChangeAction.Create,
                    After = wanted,
                    FingerprintBefore = now.Fingerprint,
                    Properties = RecordTexts.Differences(now, wanted),
                    Recompute = RecomputeRule.ForNew(wanted, InService(key), out var reason),
                    RecomputeReason = reason,
                });
                break;
            case ObjectState.Retired:
                _after.Remove(key);
                _unchanged++;
                _warnings.Add(new(Severity.Warning, _places[key], $"{wanted.Kind} '{key}' is retired and stays so: it is not served. Raise its version, or bring it back with: lockstep retire {key} --undo"));
                break;
            default:
                if (now == wanted)
                {
                    if (counted) _unchanged++;
                    break;
                }
                _changes.Add(new()
                {
                    Action = ChangeAction.Update,
                    After = wanted,
                    FingerprintBefore = now.Fingerprint,
                    Properties = RecordTexts.Differences(now, wanted),
                    Recompute = RecomputeRule.ForUpdate(registered, wanted, out var why),
                    RecomputeReason = why,
                });
                break;
        }
    }

    void Added(ObjectRecord wanted)
    {
        var key = wanted.Key;
        var siblings = _current.Objects.Where(o => o.Key.Category == key.Category && o.Key.Name == key.Name && o.State != ObjectState.Removed).ToList();
        var against = siblings.LastOrDefault(o => o.Key < key) ?? siblings.FirstOrDefault();
        // What differs from the version before it; that the version does goes without saying.
        var differences = against is null ? [] : RecordTexts.Differences(against.Record, against.View is { } view ? WithKnownColumns(view, BoundJson.ReadView(wanted)) : wanted);
        _changes.Add(new()
        {
            Action = against is null ? ChangeAction.Create : ChangeAction.NewVersion,
            After = wanted,
            ComparedWith = against?.Key.ToString(),
            Properties = [.. differences.Where(d => d.Path != "version")],
            Recompute = RecomputeRule.ForNew(wanted, InService(key), out var reason),
            RecomputeReason = reason,
        });
        if (siblings.LastOrDefault(o => o.IsActive) is { } newest && newest.Key > key && key.IsVersioned)
            _warnings.Add(new(Severity.Warning, _places[key], $"{wanted.Kind} '{key}' is older than '{newest.Key}', which is registered and stays the newest."));
    }

    IEnumerable<RegisteredObject> InService(ObjectKey key) => _current.Objects.Where(o => o.IsActive && o.Key.Category == key.Category && o.Key.Name == key.Name && o.Key != key);

    void Missing(params ObjectCategory[] categories)
    {
        foreach (var registered in _current.Objects)
        {
            var key = registered.Key;
            if (registered.State == ObjectState.Removed || !categories.Contains(key.Category) || _desired.ContainsKey(key)) continue;
            if (_partial)
            {
                if (registered.IsActive) _after[key] = registered.Record;
                continue;
            }
            if (key.IsVersioned && _names.Contains((key.Category, key.Name)))
            {
                if (!registered.IsActive) continue;
                _after[key] = registered.Record;
                _kept.Add(key.ToString());
                if (registered.View is { } view) FollowSources(view);
                continue;
            }
            _changes.Add(new() { Action = ChangeAction.Remove, After = registered.Record with { State = ObjectState.Removed }, FingerprintBefore = registered.Record.Fingerprint });
        }
    }

    // A kept version goes on reading its sources as they were, except for changes that cannot change a value of it (S23).
    void FollowSources(ViewVersion view)
    {
        var sources = view.Sources.Keys.Select(name => _defined.Sources.FirstOrDefault(s => s.Name == name)).OfType<Source>().ToList();
        if (sources.Count != view.Sources.Count) return;
        var typed = sources.ToDictionary(s => s.Name, s => WithColumnsOf(view.Sources[s.Name], s), StringComparer.Ordinal);
        if (Fingerprint.Of(view.View, view.Keys, sources, bound: typed) != view.Fingerprint) return;
        Compare(WithKnownColumns(view, Labelled(view with { Sources = typed })), counted: false);
    }

    // What the author declares now, and what is known of the rest.
    static Source WithColumnsOf(Source known, Source source)
        => source with { Columns = source.Columns is null ? known.Columns : [.. source.Columns, .. (known.Columns ?? []).Where(k => source.Columns.All(c => c.Name != k.Name))] };

    // A service version that is registered keeps what it was resolved to, as long as its author asks for the same.
    ObjectRecord Pinned(BoundService bound)
    {
        var resolved = RecordTexts.Of(bound);
        if (_current.Find(resolved.Key) is not { } registered || registered.State == ObjectState.Retired) return resolved;
        var asked = ((FeatureService)registered.Definition).Features.Select(f => f.ToString()).SequenceEqual(bound.Written.Features.Select(f => f.ToString()));
        if (!asked || !registered.Pins.All(_after.ContainsKey)) return resolved;
        foreach (var (kept, newest) in registered.Pins.Zip(BoundJson.ReadPins(resolved.Bound)).Distinct())
            if (newest > kept && _current.Find(newest) is null)
                _warnings.Add(new(Severity.Warning, bound.Written.Location, $"feature_service '{registered.Key}' goes on reading {kept}. Raise its version to read {newest}."));
        return resolved with { Bound = registered.Record.Bound, Fingerprint = registered.Record.Fingerprint };
    }

    // What is left must not read what is gone.
    void CheckUses(Usage users)
    {
        foreach (var change in _changes.Where(c => c.Action == ChangeAction.Remove).OrderBy(c => c.Key))
            foreach (var user in users.DirectlyOf(change.Key))
                _refusals.Add(new(Severity.Error, null, $"{change.After.Kind} '{change.Key}' is not defined any more, but {user.Text} still {(user.Key.Category == ObjectCategory.Service ? "pins" : "reads")} it."
                    + $" Define it again, or first end that use with: lockstep retire {user.Key}"));
    }
}
