using Lockstep.Core;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Engine.Vectors;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Query;

/// <summary>The rows of an author's query, converted by S1 to S3 as those of a file are.</summary>
internal sealed class QueryReader : ScanReader
{
    const int BatchRows = 32 * 1024;

    readonly Sandbox _sandbox;
    readonly QueryRequest _request;
    readonly (int Source, VectorReader Reader)[] _columns;
    readonly ResultStream _rows;
    readonly long[] _nonFinite;
    long _read;
    bool _ended;

    /// <summary>The reader owns the sandbox, unless this throws.</summary>
    public QueryReader(Sandbox sandbox, QueryRequest request, CancellationToken token)
    {
        (_sandbox, _request) = (sandbox, request);
        using var statement = sandbox.Prepare();
        var found = statement.Columns;
        var wanted = request.Columns ?? [.. Natural(request, found).Fields.Select(f => new ScanColumn(f.Name, f))];
        Schema = new Schema(wanted.Select(c => c.As));
        _columns = [.. wanted.Select(c => Column(found, c))];
        _nonFinite = new long[_columns.Length];
        try
        {
            _rows = statement.Run(streaming: true, token);
        }
        catch (DuckDbException e)
        {
            throw sandbox.Fault(e, ErrorKind.Failed);
        }
    }

    public override Schema Schema { get; }
    public override IReadOnlyList<long> NonFinite => _nonFinite;
    public override double Progress => _ended ? 1 : _sandbox.Connection.Progress;

    /// <summary>The result's columns that are of S2.</summary>
    public static Schema Natural(QueryRequest request, IReadOnlyList<ResultColumn> columns)
    {
        if (columns.GroupBy(c => c.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{request.Name}: its query yields column '{same.Key}' {same.Count()} times. Give each its own name with  as.");
        return new Schema(columns.Select(c => (c.Name, Type: VectorReader.NaturalType(c.Type))).Where(c => c.Type is not null).Select(c => new Field(c.Name, c.Type!)));
    }

    (int, VectorReader) Column(IReadOnlyList<ResultColumn> found, ScanColumn wanted)
    {
        var at = found.Count - 1;
        while (at >= 0 && found[at].Name != wanted.Column) at--;
        if (at < 0)
            throw new LockstepException(ErrorKind.DefinitionsInvalid, $"{_request.Name}: its query yields no column '{wanted.Column}'.{NearestName.Hint(wanted.Column, found.Select(c => c.Name), "Columns")}");
        return (at, VectorReader.For(found[at].Type, wanted.As.Type) ?? throw new LockstepException(ErrorKind.DefinitionsInvalid,
            $"{_request.Name}: its query yields column '{wanted.Column}' as {found[at].Type}, which cannot be read as {wanted.As.Type}."));
    }

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        while (!_ended && batch.Count < BatchRows)
        {
            try
            {
                _ended = !_rows.Next(token);
            }
            catch (DuckDbException e)
            {
                throw _sandbox.Fault(e, ErrorKind.Failed);
            }
            for (var i = 0; i < _columns.Length && !_ended; i++)
            {
                var (source, reader) = _columns[i];
                try
                {
                    reader.Append(_rows.Vector(source), _rows.Rows, batch[i]);
                }
                catch (LossyValueException e)
                {
                    throw new LockstepException(ErrorKind.Failed, $"{_request.Name}: row {Sql.Number(_read + e.Row + 1)} of its query, column '{_rows.Columns[source].Name}' ({_rows.Columns[source].Type}): {e.Message}.", e);
                }
                _nonFinite[i] += reader.NonFinite;
                reader.NonFinite = 0;
            }
            if (!_ended) _read += _rows.Rows;
        }
        return batch.Count > 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rows.Dispose();
            _sandbox.Dispose();
        }
        base.Dispose(disposing);
    }
}
