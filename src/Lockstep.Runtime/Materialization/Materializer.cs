using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Materialization;

/// <summary>
/// Brings views online: by what changed in their sources since the last run, or whole. Runs may overlap, die at any instant and be
/// repeated, in any number of processes: the store ends up with what the source says (S7). Serving goes on meanwhile (S21).
/// </summary>
public sealed class Materializer(MaterializationContext context)
{
    const int Attempts = 3;

    /// <summary>Runs the views, several side by side. A view that fails stops no other; its error is in the report. Wrong arguments throw before anything is done.</summary>
    public async Task<MaterializeReport> RunAsync(MaterializeRequest request, IProgress<WorkProgress>? progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        var views = Select(request);
        var reports = new Dictionary<string, ViewRunReport>(StringComparer.Ordinal);
        using var turns = new SemaphoreSlim(Math.Max(1, request.Parallelism));
        foreach (var group in ViewOrder.Sort(views, context.Options.ProjectFolder, context.Offline.Folder))
            await Task.WhenAll(group.Select(view => Task.Run(async () =>
            {
                await turns.WaitAsync(token);
                try
                {
                    var report = await RunAsync(view, request, progress, token);
                    lock (reports) reports.Add(view.Id, report);
                }
                finally
                {
                    turns.Release();
                }
            }, token)));
        return new([.. views.Select(v => reports[v.Id])]);
    }

    async Task<ViewRunReport> RunAsync(ViewVersion view, MaterializeRequest request, IProgress<WorkProgress>? progress, CancellationToken token)
    {
        for (var attempt = 1; ; attempt++)
        {
            ViewRun? run = null;
            try
            {
                run = ViewRun.Create(view, request, context, progress);
                return await run.RunAsync(token);
            }
            catch (TornReadException) when (attempt < Attempts)
            {
                // the next run finds what has changed since this one looked
            }
            catch (LockstepException e)
            {
                return run?.Report(e) ?? new() { View = view.Id, StartedAt = Instant.Now(context.Clock), EndedAt = Instant.Now(context.Clock), Error = e };
            }
        }
    }

    static List<ViewVersion> Select(MaterializeRequest request)
    {
        if (request.From > request.To) throw new LockstepException(ErrorKind.BadArguments, $"The end {Instant.Format(request.To.Value)} is before the beginning {Instant.Format(request.From.Value)}.");
        if (request.Full && request.From is not null) throw new LockstepException(ErrorKind.BadArguments, "A full run takes all rows. Leave out the beginning, or the word full.");
        var catalog = request.Catalog;
        if (request.Views.Count == 0)
            return [.. catalog.Views.Where(v => !v.Retired && IsMaterialized(v))];
        List<ViewVersion> chosen = [];
        List<Problem> problems = [];
        foreach (var name in request.Views.Distinct(StringComparer.Ordinal))
        {
            var found = catalog.Views.Where(v => !v.Retired && (v.Name == name || v.Id == name)).ToList();
            if (found.Count == 0)
            {
                problems.Add(new(Severity.Error, null, catalog.Views.Any(v => v.Name == name || v.Id == name)
                    ? $"View '{name}' is retired: it is not served any more."
                    : $"There is no view '{name}'.{NearestName.Hint(name, catalog.Views.Select(v => name.Contains('@', StringComparison.Ordinal) ? v.Id : v.Name).Distinct(), "Views")}"));
            }
            foreach (var view in found)
            {
                if (view.View is OnDemandView) problems.Add(new(Severity.Error, null, $"View '{view.Id}' is computed at the request: there is nothing to materialize."));
                else if (view.View is AggregationView && EventProgram.SourceOf(view).Table is null) problems.Add(new(Severity.Error, null, $"View '{view.Id}' has no table to read: its events come from the stream of source '{EventProgram.SourceOf(view).Name}', which are applied as they come."));
                else if (!IsMaterialized(view)) problems.Add(new(Severity.Error, null, $"View '{view.Id}' is not served online (online: false): there is nothing to materialize."));
                else if (!chosen.Contains(view)) chosen.Add(view);
            }
        }
        if (problems.Count > 0) throw new LockstepException(problems.Any(p => p.Message.StartsWith("There is no", StringComparison.Ordinal)) ? ErrorKind.NotFound : ErrorKind.BadArguments, problems);
        return [.. catalog.Views.Where(chosen.Contains)];
    }

    // A view of windows over a stream alone has no table that a run could read.
    static bool IsMaterialized(ViewVersion view) => view.View switch
    {
        ValueView definition => definition.Sql is not null || definition.Online,
        AggregationView definition => definition.Online && EventProgram.SourceOf(view).Table is not null,
        _ => false,
    };
}
