using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.TrainingSets;

// Proves S19 on the user's own data: nothing after a row's own instant can change the row.
//  1. The training set is made, and the state of every table is recorded.
//  2. Some instants of the spine are chosen as cuts. For each, every view's table is copied without its rows after the cut, and made-up
//     rows after the cut are put among them: the same keys, other rows' values. Under as_known the same goes for rows created after it.
//  3. The training set is made again from the copies, and every row up to the cut is compared with the first one, bit by bit.
// What it does not show: that a source's timestamps say when its rows were known. No program can know that; the warnings help.
public sealed class TrainingSetProof
{
    /// <summary>Instants of the spine that are tried unless another number is asked for.</summary>
    public const int DefaultCuts = 3;

    internal delegate TrainingSetReport Build(ITrackedTables tables, TrainingSetRequest request, CancellationToken token);

    readonly IBatchEngine _engine;
    readonly ITrackedTables _tables;
    readonly Build _build;

    public TrainingSetProof(IBatchEngine engine, ITrackedTables tables, TimeProvider clock, Func<Core.Definitions.ViewVersion, IReadOnlyList<Materialization.RecordedEnd>>? ends = null)
        : this(engine, tables, (t, request, token) => new TrainingSetBuilder(engine, t, clock, ends).Run(request, null, token))
    {
    }

    internal TrainingSetProof(IBatchEngine engine, ITrackedTables tables, Build build) => (_engine, _tables, _build) = (engine, tables, build);

    /// <summary>Makes the training set several times, in a temporary folder; the request's own output is not written.</summary>
    public ProofReport Run(TrainingSetRequest request, int cuts, IProgress<WorkProgress>? progress, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThan(cuts, 1);
        if (request.Spine.Table is null) throw new LockstepException(ErrorKind.BadArguments, "The proof reads the spine several times: give it as a file.");
        var folder = Directory.CreateTempSubdirectory("lockstep-proof-").FullName;
        try
        {
            progress?.Report(new("making the training set", 0, 0));
            var first = Make(_tables, request, Path.Combine(folder, "first.parquet"), token);
            var plan = TrainingSetPlan.Create(request, _engine.ReadSchema(request.Spine.Table, token));
            List<CutReport> reports = [];
            foreach (var cut in Cuts(first.Path, plan, cuts, token))
            {
                progress?.Report(new($"leaving out what came after {Instant.Format(cut)}", 0, reports.Count / (double)cuts));
                var copies = Directory.CreateDirectory(Path.Combine(folder, reports.Count.ToString(CultureInfo.InvariantCulture))).FullName;
                var altered = new AlteredTables(_engine, _tables, first.Report.Record, request.KnownOnly, cut, copies);
                foreach (var scan in plan.Scans) altered.Copy(scan.Columns, request.Catalog, token);
                var again = Make(altered, request with { CheckExpectations = false }, Path.Combine(copies, "again.parquet"), token);
                reports.Add(new TrainingSetComparison(_engine, plan.Output, plan.Time).Compare(first.Path, again.Path, cut, token) with { Dropped = altered.Dropped, MadeUp = altered.MadeUp });
                Directory.Delete(copies, recursive: true);
            }
            return new(first.Report, reports);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    (string Path, TrainingSetReport Report) Make(ITrackedTables tables, TrainingSetRequest request, string path, CancellationToken token)
        => (path, _build(tables, request with { Output = new(path, Core.Definitions.TableFormat.Parquet), Writer = null, WriteRecord = false }, token));

    /// <summary>Instants that cut the spine into equal parts, and its last one.</summary>
    List<long> Cuts(string path, TrainingSetPlan plan, int count, CancellationToken token)
    {
        List<long> times = [];
        var field = plan.Output[plan.Time];
        using var reader = _engine.Scan(new() { Table = TrainingSetComparison.Table(path), Columns = [new(field.Name, field)] }, token);
        var batch = new ColumnBatch(reader.Schema);
        while (reader.Read(batch, token))
        {
            var column = (FixedColumn<long>)batch[0];
            for (var row = 0; row < column.Count; row++)
                if (!column.IsNull(row)) times.Add(column.Values[row]);
        }
        times.Sort();
        return times.Count == 0 ? [] : [.. Enumerable.Range(1, count).Select(i => times[(int)((long)(times.Count - 1) * i / count)]).Distinct()];
    }
}

/// <summary>What a proof of S19 did and found.</summary>
public sealed record ProofReport(TrainingSetReport TrainingSet, IReadOnlyList<CutReport> Cuts)
{
    public bool Holds => Cuts.All(c => c.Difference is null);

    public override string ToString()
    {
        List<string> lines = [$"The training set of {TrainingSet.Rows:N0} rows was made {Cuts.Count + 1} times: once from the tables as they are, and once for each of {Cuts.Count} instants without what came after it and with made-up rows in its place."];
        foreach (var cut in Cuts)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"  {Instant.Format(cut.Cut)}: {cut.Dropped:N0} later rows left out, {cut.MadeUp:N0} made up; {cut.Compared:N0} training rows up to it {(cut.Difference is null ? "are the same, bit for bit" : $"were compared: {cut.Difference}")}."));
        lines.Add(Cuts.Count == 0 ? "The spine has no timestamps: there was nothing to prove."
            : Holds ? "Nothing after a row's own instant changed the row (S19)." : "A row changed with what came after its own instant: S19 does not hold.");
        return string.Join(Environment.NewLine, lines);
    }
}

/// <summary>One instant that was tried.</summary>
public sealed record CutReport
{
    public required long Cut { get; init; }

    /// <summary>Training rows at or before the instant, or without one.</summary>
    public required long Compared { get; init; }

    /// <summary>The first difference, in words; null: there is none.</summary>
    public required string? Difference { get; init; }

    public long Dropped { get; init; }
    public long MadeUp { get; init; }
}
