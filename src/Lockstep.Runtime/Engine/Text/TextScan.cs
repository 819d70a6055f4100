using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>CSV and JSON files, one after the other, in order.</summary>
public sealed class TextScan : ScanReader
{
    const int BatchRows = 32 * 1024;
    const long BatchBytes = 32 << 20;

    readonly TableInput _table;
    readonly string[] _names;
    readonly bool[] _seen;
    readonly long[] _nonFinite;
    readonly long _size;
    long _rows, _read;
    int _next;
    TextRecords? _open;

    /// <summary>Reads the columns of the request; its time bounds are the caller's.</summary>
    public TextScan(ScanRequest request)
    {
        _table = request.Table;
        _names = [.. request.Columns.Select(c => c.Column)];
        _seen = new bool[_names.Length];
        _nonFinite = new long[_names.Length];
        Schema = new Schema(request.Columns.Select(c => c.As));
        foreach (var column in request.Columns)
            if (!Conversion.Exists(ScalarKind.Text, column.As.Type))
                throw new LockstepException(ErrorKind.Failed, $"{_table.Name}: column '{column.Column}' cannot be read as {column.As.Type} from text.");
        _size = _table.Files.Sum(f => Math.Max(f.Size, 1));
        RequireHeaders();
    }

    public override Schema Schema { get; }
    public override IReadOnlyList<long> NonFinite => _nonFinite;
    public override double Progress => _open is null && _next == _table.Files.Count ? 1 : _size == 0 ? double.NaN : Math.Min(1, (_read + (_open?.Position ?? 0)) / (double)_size);

    /// <summary>The columns of the files, from their first rows, at most so many a file: in what order they first appear, and of a type that holds all that was seen.</summary>
    public static Schema ReadSchema(TableInput table, int rowsPerFile, CancellationToken token)
    {
        List<string> order = [];
        Dictionary<string, (FeatureType? Type, bool Usable)> found = new(StringComparer.Ordinal);
        foreach (var file in table.Files)
        {
            using var records = TextFaults.Guard(table, file, () => TextRecords.OpenFile(file.Path, table.Format, $"{table.Name}: {file.Path}"));
            foreach (var name in records.Names ?? []) See(name, null, true);
            TextFaults.Guard(table, file, () =>
            {
                while (records.Rows < rowsPerFile && records.TryLook(See))
                    if ((records.Rows & 1023) == 0) token.ThrowIfCancellationRequested();
                return 0;
            });
        }
        return new Schema(order.Where(n => found[n].Usable).Select(n => new Field(n, found[n].Type ?? FeatureType.String))) { LeftOut = [.. order.Where(n => !found[n].Usable)] };

        void See(string name, FeatureType? type, bool usable)
        {
            if (!found.TryGetValue(name, out var before))
            {
                order.Add(name);
                before = (null, true);
            }
            found[name] = (TextTypes.Wider(before.Type, type), before.Usable && usable);
        }
    }

    public override bool Read(ColumnBatch batch, CancellationToken token)
    {
        batch.Clear();
        while (_open is not null || OpenNext())
        {
            if (TextFaults.Guard(_table, _table.Files[_next - 1], () => TryFill(batch, token))) return true;
            Close();
        }
        return batch.Count > 0;
    }

    // False when the file ends before the batch is full.
    bool TryFill(ColumnBatch batch, CancellationToken token)
    {
        while (batch.Count < BatchRows)
        {
            if ((batch.Count & 255) == 0)
            {
                token.ThrowIfCancellationRequested();
                if (batch.Columns.Sum(Bytes) > BatchBytes) return true;
            }
            if (!_open!.TryAppend(batch.Columns, _nonFinite)) return false;
        }
        return true;
    }

    bool OpenNext()
    {
        if (_next == _table.Files.Count)
        {
            if (_rows > 0) RequireSeen();
            return false;
        }
        var file = _table.Files[_next++];
        _open = TextFaults.Guard(_table, file, () => TextRecords.OpenFile(file.Path, _table.Format, $"{_table.Name}: {file.Path}"));
        _open.Select(_names);
        return true;
    }

    void Close()
    {
        for (var i = 0; i < _seen.Length; i++) _seen[i] |= _open!.Seen[i];
        _rows += _open!.Rows;
        _read += Math.Max(_table.Files[_next - 1].Size, 1);
        _open.Dispose();
        _open = null;
    }

    // A file that names its columns in a header tells at once that one is missing; otherwise only the end of the last row does.
    void RequireHeaders()
    {
        if (_table.Format != Core.Definitions.TableFormat.Csv || _table.Files.Count == 0) return;
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var file in _table.Files)
        {
            using var records = TextFaults.Guard(_table, file, () => TextRecords.OpenFile(file.Path, _table.Format, $"{_table.Name}: {file.Path}"));
            names.UnionWith(records.Names!);
        }
        foreach (var name in _names)
            if (!names.Contains(name) && !IsDeclared(name)) throw Unknown(name, names);
    }

    void RequireSeen()
    {
        for (var i = 0; i < _names.Length; i++)
            if (!_seen[i] && !IsDeclared(_names[i]))
                throw Unknown(_names[i], ReadSchema(_table, 1000, CancellationToken.None).Fields.Select(f => f.Name));
    }

    bool IsDeclared(string name) => _table.Schema?.IndexOf(name) >= 0;

    LockstepException Unknown(string name, IEnumerable<string> known) => new(ErrorKind.Failed,
        $"{_table.Name}: there is no column '{name}' in {(_table.Files.Count == 1 ? _table.Files[0].Path : $"its {_table.Files.Count} files")}.{NearestName.Hint(name, known, "Columns")}");

    static long Bytes(Column column) => column switch
    {
        BytesColumn bytes => bytes.DataLength,
        ListColumn list => Bytes(list.Elements),
        _ => (long)column.Count * column.Type.Width,
    };

    protected override void Dispose(bool disposing)
    {
        if (disposing) _open?.Dispose();
        base.Dispose(disposing);
    }
}
