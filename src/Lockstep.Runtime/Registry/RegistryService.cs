using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Lookup;

namespace Lockstep.Runtime.Registry;

/// <summary>Where the columns of data come from: the engine. Null: not known. A <see cref="LockstepException"/> becomes a problem of the source or view.</summary>
public sealed record SchemaProbe(Func<Source, Schema?> Source, Func<ValueView, IReadOnlyDictionary<string, Source>, Schema?> Query)
{
    /// <summary>What lookup tables hold, and which C# views there are. Default: nothing of that is known.</summary>
    public DefinitionContent Content { get; init; } = DefinitionContent.None;

    /// <summary>Knows no data.</summary>
    public static readonly SchemaProbe None = new(_ => null, (_, _) => null);
}

/// <summary>What <c>validate</c> found.</summary>
public sealed record ValidationResult(IReadOnlyList<Problem> Problems, int Entities, int Sources, int Views, int Services)
{
    public bool IsValid => Problems.All(p => p.Severity != Severity.Error);
}

/// <summary>What an apply, rollback or retirement did; without an <see cref="Apply"/> there was nothing to do.</summary>
public sealed record ApplyResult(RegistryApply? Apply, IReadOnlyList<string> Changed);

/// <summary>The verbs over a registry. They return data; how it looks is the caller's.</summary>
/// <param name="registry">Where it is kept.</param>
/// <param name="clock">Dates the applies.</param>
/// <param name="snapshots">Keeps what lookup tables held; null: a plan with one cannot be applied.</param>
public sealed class RegistryService(IRegistry registry, TimeProvider clock, LookupSnapshotStore? snapshots = null)
{
    /// <summary>Checks definitions by themselves and against their data. Needs no registry, but what is registered counts as known where there is one.</summary>
    /// <param name="read">What reading the files found.</param>
    public async ValueTask<ValidationResult> ValidateAsync(ProjectDefinitions definitions, IReadOnlyList<Problem> read, SchemaProbe schemas, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        var snapshot = await registry.LoadAsync(token);
        var bound = DefinitionBinder.Bind(definitions, snapshot.Number == 0 ? null : snapshot.Catalog, schemas.Source, schemas.Query, schemas.Content);
        return new([.. read, .. bound.Problems], definitions.Entities.Count, definitions.Sources.Count, definitions.Views.Count, definitions.Services.Count);
    }

    /// <summary>
    /// What an apply would change. <see cref="ErrorKind.DefinitionsInvalid"/> with every problem when the definitions have errors;
    /// what is right by itself but cannot be applied is in <see cref="RegistryPlan.Refusals"/>.
    /// </summary>
    /// <param name="partial">These are some of the project's definitions: what is missing among them stays as it is.</param>
    public async ValueTask<RegistryPlan> PlanAsync(ProjectDefinitions definitions, IReadOnlyList<Problem> read, SchemaProbe schemas, CancellationToken token, bool partial = false)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        var snapshot = await registry.LoadAsync(token);
        Dictionary<string, Schema> data = new(StringComparer.Ordinal);
        var bound = DefinitionBinder.Bind(definitions, snapshot.Catalog, Remember, schemas.Query, schemas.Content);
        List<Problem> problems = [.. read, .. bound.Problems];
        if (problems.Exists(p => p.Severity == Severity.Error)) throw new LockstepException(ErrorKind.DefinitionsInvalid, problems);
        var plan = PlanBuilder.Build(snapshot, bound, data, partial);
        return plan with { Warnings = [.. problems, .. plan.Warnings] };

        Schema? Remember(Source source)
        {
            var schema = schemas.Source(source);
            if (schema is not null) data[source.Name] = schema;
            return schema;
        }
    }

    /// <summary>Does what the plan says, whole or not at all. <see cref="ErrorKind.Conflict"/> when it is refused or stale.</summary>
    public async ValueTask<ApplyResult> ApplyAsync(RegistryPlan plan, string author, string reason, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.ThrowIfRefused();
        Keep(plan, token);
        if (plan.Changes.Count > 0)
            return await Append(plan.Base, plan.RegistryId, [.. plan.Changes.Select(c => c.After)], ApplyVerb.Apply, null, author, reason, token);
        // Nothing to write, but what the plan says may have been overtaken.
        var snapshot = await registry.LoadAsync(token);
        if (snapshot.Number != plan.Base || (plan.RegistryId.Length > 0 && plan.RegistryId != snapshot.RegistryId))
            throw ChangeSetChecks.Stale(registry.Name, plan.Base, snapshot.History.Count == 0 ? null : snapshot.History[^1]);
        return new(null, []);
    }

    // Before the registry names a snapshot it is there; one that is never named after all does no harm.
    void Keep(RegistryPlan plan, CancellationToken token)
    {
        foreach (var change in plan.Changes.Where(c => c.Key.Category == ObjectCategory.Table && c.Action != ChangeAction.Remove))
        {
            if (snapshots is null) throw new InvalidOperationException("A lookup table is applied without a place for its snapshot.");
            snapshots.Keep(BoundJson.ReadTable(change.After), token);
        }
    }

    /// <summary>Brings the objects back as they were after an apply, by a new one: the history stays.</summary>
    /// <param name="number">0: before the first apply.</param>
    public async ValueTask<ApplyResult> RollbackAsync(long number, string author, string reason, CancellationToken token)
    {
        var now = await registry.LoadAsync(token);
        if (number < 0 || number > now.Number)
            throw new LockstepException(ErrorKind.NotFound, $"There is no apply {number} in '{registry.Name}'. Applies: 0 (empty) to {now.Number}.");
        var then = await registry.LoadAsync(token, number);
        List<ObjectRecord> records = [];
        foreach (var item in now.Objects)
        {
            // What came later goes as if its definition had been taken away.
            var wanted = then.Find(item.Key)?.Record ?? item.Record with { State = ObjectState.Removed };
            if (wanted != item.Record) records.Add(wanted);
        }
        return records.Count == 0 ? new(null, []) : await Append(now.Number, now.RegistryId, records, ApplyVerb.Rollback, number, author, reason, token);
    }

    /// <summary>
    /// Ends the serving of one version of a view or service (S24). <see cref="ErrorKind.Conflict"/> while an active service pins it.
    /// </summary>
    /// <param name="undo">Serves it again.</param>
    public async ValueTask<ApplyResult> RetireAsync(string name, string author, string reason, CancellationToken token, bool undo = false)
    {
        var reference = ObjectReference.Parse(name);
        var now = await registry.LoadAsync(token);
        var found = reference.FindAll(now).Where(o => o.Key.IsVersioned).ToList();
        if (found.Count == 0) throw new LockstepException(ErrorKind.BadArguments, $"'{name}' has no versions, so none can be retired. Take its definition away, and apply.");
        if (found.Count > 1)
            throw new LockstepException(ErrorKind.BadArguments, $"'{name}' names {found.Count} versions. Say which: {string.Join(" or ", found.Select(o => $"{ObjectReference.Word(o.Key.Category)}/{o.Key}"))}.");
        var item = found[0];
        var wanted = item.Record with { State = undo ? ObjectState.Active : ObjectState.Retired };
        if (wanted == item.Record) return new(null, []);
        if (!undo) CheckUnused(item, now);
        else if (item.Pins.FirstOrDefault(p => now.Find(p) is not { IsActive: true }) is { Name: not null } gone)
            throw new LockstepException(ErrorKind.Conflict, $"feature_service '{item.Key}' reads {gone}, which is not served. First: lockstep retire {gone} --undo");
        return await Append(now.Number, now.RegistryId, [wanted], undo ? ApplyVerb.Unretire : ApplyVerb.Retire, null, author, reason, token);
    }

    public async ValueTask<IReadOnlyList<ObjectSummary>> ListAsync(ListFilter filter, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var snapshot = await registry.LoadAsync(token);
        return [.. snapshot.Objects.Select(o => (Item: o, Summary: ObjectSummary.Of(o))).Where(o => filter.Passes(o.Item, o.Summary)).Select(o => o.Summary)];
    }

    /// <summary>What <c>name</c>, <c>name@version</c> or <c>source/name</c> is: one for each category that has the name, in its newest matching version.</summary>
    public async ValueTask<IReadOnlyList<ObjectDescription>> DescribeAsync(string name, CancellationToken token)
    {
        var reference = ObjectReference.Parse(name);
        var snapshot = await registry.LoadAsync(token, reference.AsOf);
        var usage = Usage.Of(snapshot);
        return [.. reference.FindAll(snapshot).GroupBy(o => o.Key.Category)
            .Select(g => ObjectDescription.Of(g.LastOrDefault(o => o.IsActive) ?? g.Last(), snapshot, usage))];
    }

    /// <summary>What <c>name</c>, <c>name@version</c> or <c>source/name</c> is made of, and what is made of it: one for each category that has the name.</summary>
    public async ValueTask<IReadOnlyList<ObjectLineage>> LineageAsync(string name, CancellationToken token)
    {
        var reference = ObjectReference.Parse(name);
        var snapshot = await registry.LoadAsync(token, reference.AsOf);
        var usage = Usage.Of(snapshot);
        return [.. reference.FindAll(snapshot).GroupBy(o => o.Key.Category).Select(g => ObjectLineage.Of(g.LastOrDefault(o => o.IsActive) ?? g.Last(), snapshot, usage))];
    }

    /// <summary>Objects in which every word is found, the nearest first.</summary>
    public async ValueTask<IReadOnlyList<SearchHit>> SearchAsync(string words, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(words);
        return RegistrySearch.Find(await registry.LoadAsync(token), words);
    }

    /// <summary>All versions of a name, removed ones too, each with what every apply changed in it.</summary>
    public async ValueTask<IReadOnlyList<VersionDescription>> VersionsAsync(string name, CancellationToken token)
    {
        var reference = ObjectReference.Parse(name);
        var snapshot = await registry.LoadAsync(token);
        var usage = Usage.Of(snapshot);
        List<VersionDescription> versions = [];
        foreach (var category in reference.FindAll(snapshot, removedToo: true).GroupBy(o => o.Key.Category))
        {
            var revisions = await registry.RevisionsAsync(category.Key, reference.Name, token);
            foreach (var item in category)
                versions.Add(new()
                {
                    Kind = item.Record.Kind,
                    Version = item.Key.Version,
                    State = item.State,
                    Fingerprint = item.Record.Fingerprint,
                    UsedBy = usage.Of(item.Key),
                    Revisions = Revisions([.. revisions.Where(r => r.Record.Key == item.Key && r.Apply.Number <= snapshot.Number)]),
                });
        }
        return versions;
    }

    /// <summary>What differs between two objects: versions of a view, or one object at two times (<c>flights#3</c> and <c>flights</c>).</summary>
    public async ValueTask<DiffResult> DiffAsync(string left, string right, CancellationToken token)
    {
        var (a, b) = (await Find(left, token), await Find(right, token));
        if (a.Key.Category != b.Key.Category)
            throw new LockstepException(ErrorKind.BadArguments, $"'{left}' is a {ObjectReference.Word(a.Key.Category)} and '{right}' a {ObjectReference.Word(b.Key.Category)}: they cannot be compared.");
        return new(Shown(left, a), Shown(right, b), a.Record.Fingerprint == b.Record.Fingerprint, RecordTexts.Differences(a.Record, b.Record));

        static string Shown(string asked, RegisteredObject found) => ObjectReference.Parse(asked).AsOf is { } apply ? $"{found.Key}#{apply}" : found.Key.ToString();
    }

    /// <summary>All applies, newest first.</summary>
    public async ValueTask<IReadOnlyList<RegistryApply>> HistoryAsync(CancellationToken token) => [.. (await registry.LoadAsync(token)).History.Reverse()];

    async ValueTask<RegisteredObject> Find(string name, CancellationToken token)
    {
        var reference = ObjectReference.Parse(name);
        return reference.FindOne(await registry.LoadAsync(token, reference.AsOf), removedToo: true);
    }

    async ValueTask<ApplyResult> Append(long at, string id, IReadOnlyList<ObjectRecord> records, ApplyVerb verb, long? restored, string author, string reason, CancellationToken token)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(author);
        ArgumentNullException.ThrowIfNull(reason);
        var apply = await registry.AppendAsync(new() { Base = at, RegistryId = id, At = Instant.Now(clock), Author = author, Reason = reason, Verb = verb, Restored = restored, Records = records }, token);
        return new(apply, [.. records.Select(r => $"{r.Kind} {r.Key}")]);
    }

    static void CheckUnused(RegisteredObject item, RegistrySnapshot now)
    {
        var users = Usage.Of(now).DirectlyOf(item.Key);
        if (users.Count > 0)
            throw new LockstepException(ErrorKind.Conflict, $"{item.Record.Kind} '{item.Key}' cannot be retired: {string.Join(", ", users.Select(u => u.Text))} {(users.All(u => u.Key.Category == ObjectCategory.Service) ? "pin" : "read")}{(users.Count == 1 ? "s" : "")} it."
                + $" First: {string.Join("; ", users.Select(u => $"lockstep retire {u.Key}"))}");
    }

    static List<RevisionDescription> Revisions(List<ObjectRevision> revisions)
    {
        List<RevisionDescription> described = [];
        for (var i = 0; i < revisions.Count; i++)
            described.Add(new(revisions[i].Apply, revisions[i].Record.State, i == 0 ? [] : RecordTexts.Differences(revisions[i - 1].Record, revisions[i].Record)));
        return described;
    }
}
