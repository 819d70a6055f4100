using System.Buffers;
using System.Text;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>
/// RFC 4180 with a header: commas, quotes doubled inside quotes, lines that end in LF or CRLF. An empty field without quotes is null,
/// <c>""</c> is the empty text. The declared type decides how a field is read; blanks around it count only in text. Empty lines are
/// skipped, except in a table of one column, where they are its nulls.
/// </summary>
sealed class CsvRecords : TextRecords
{
    static readonly SearchValues<byte> Special = SearchValues.Create(",\n\""u8);

    readonly string[] _names;
    readonly List<FieldRange> _fields = [];
    byte[] _unquoted = new byte[256];
    int[] _ordinals = []; // for each selected column its place in the file, or -1
    long _line = 1;

    public CsvRecords(InputBuffer input, string what) : base(input, what)
    {
        input.SkipByteOrderMark(what);
        if (!TryRecord()) throw Fault("line 1", "there is no header.");
        _names = [.. _fields.Select((_, i) => Encoding.UTF8.GetString(Field(i)))];
        if (_names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw Fault("line 1", $"the header names column '{twice.Key}' twice.");
        EatRecord();
    }

    // Where a field stands in the unread bytes; without its quotes.
    readonly record struct FieldRange(int Start, int Length, bool Quoted, bool Doubled);

    int _recordLength, _recordLines;

    public override IReadOnlyList<string> Names => _names;
    public override IReadOnlyList<bool> Seen => [.. _ordinals.Select(o => o >= 0)];

    public override void Select(IReadOnlyList<string> columns) => _ordinals = [.. columns.Select(c => Array.IndexOf(_names, c))];

    public override bool TryAppend(IReadOnlyList<Column> columns, long[] nonFinite)
    {
        if (!TryRow()) return false;
        for (var i = 0; i < _ordinals.Length; i++)
        {
            var ordinal = _ordinals[i];
            if (ordinal < 0 || IsNull(ordinal)) { columns[i].AppendNull(); continue; }
            var field = Field(ordinal);
            if (columns[i].Type.Kind is not (TypeKind.String or TypeKind.Bytes) && !_fields[ordinal].Quoted) field = field.Trim(" \t"u8);
            if (!Conversion.Append(Scalar.Text(field), columns[i], ref nonFinite[i]))
                throw Fault($"row {Rows} (line {_line})", $"column '{_names[ordinal]}': {Scalar.Text(field).ToString()} does not convert to {columns[i].Type} without loss.");
        }
        EatRecord();
        return true;
    }

    /// <summary>
    /// Appends the texts of a row; false at the end. Of a row that is not right nothing is appended: what is wrong with it is told, with
    /// its text, and the next line is taken for the beginning of the next row.
    /// </summary>
    public bool TryTexts(IReadOnlyList<BytesColumn> columns, out string? wrong, out byte[] text)
    {
        (wrong, text) = (null, []);
        try
        {
            if (!TryRow()) return false;
        }
        catch (LockstepException e)
        {
            (wrong, text) = (e.Message[(What.Length + 2)..], TakeLine()); // who reads rows one by one knows the file
            return true;
        }
        for (var i = 0; i < _ordinals.Length; i++)
        {
            var ordinal = _ordinals[i];
            if (ordinal < 0 || IsNull(ordinal)) columns[i].AppendNull();
            else columns[i].Append(Field(ordinal));
        }
        Line = _line;
        EatRecord();
        return true;
    }

    /// <summary>Where the row that was read last begins, from 1 on.</summary>
    public long Line { get; private set; } = 1;

    byte[] TakeLine()
    {
        Line = _line;
        int end;
        while ((end = Input.Unread.IndexOf((byte)'\n')) < 0 && !Input.AtEnd) Input.Fill(What);
        var line = Input.Unread[..(end < 0 ? Input.Unread.Length : end + 1)].ToArray();
        Input.Eat(line.Length);
        _line++;
        return line.AsSpan().TrimEnd("\r\n"u8).ToArray();
    }

    public override bool TryLook(LookAtValue look)
    {
        if (!TryRow()) return false;
        for (var i = 0; i < _names.Length; i++) look(_names[i], IsNull(i) ? null : TextTypes.Of(Field(i), _fields[i].Quoted), true);
        EatRecord();
        return true;
    }

    bool IsNull(int field) => _fields[field] is { Length: 0, Quoted: false };

    bool TryRow()
    {
        while (TryRecord())
        {
            if (_names.Length > 1 && _fields.Count == 1 && IsNull(0)) { EatRecord(); continue; }
            Rows++;
            if (_fields.Count != _names.Length)
                throw Fault($"row {Rows} (line {_line})", $"there are {_fields.Count} fields, and {_names.Length} in the header.");
            return true;
        }
        return false;
    }

    ReadOnlySpan<byte> Field(int index)
    {
        var field = _fields[index];
        var bytes = Input.Unread.Slice(field.Start, field.Length);
        if (!field.Doubled) return bytes;
        if (_unquoted.Length < bytes.Length) _unquoted = new byte[bytes.Length * 2];
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            _unquoted[length++] = bytes[i];
            if (bytes[i] == '"') i++;
        }
        return _unquoted.AsSpan(0, length);
    }

    void EatRecord()
    {
        Input.Eat(_recordLength);
        _line += _recordLines;
    }

    bool TryRecord()
    {
        while (!TrySplit(Input.Unread))
        {
            if (Input.AtEnd) return false;
            Input.Fill(What);
        }
        return true;
    }

    // Finds the fields of the record at the front; false when its end has not arrived, or nothing is left.
    bool TrySplit(ReadOnlySpan<byte> text)
    {
        _fields.Clear();
        _recordLines = 1;
        if (text.IsEmpty) return false;
        var at = 0;
        while (true)
        {
            var start = at;
            if (at < text.Length && text[at] == '"')
            {
                if (!TryQuoted(text, ref at)) return false;
                if (at == text.Length && !Input.AtEnd) return false;
                if (at < text.Length && text[at] is not ((byte)',' or (byte)'\n') && !(text[at] == '\r' && (at + 1 == text.Length || text[at + 1] == '\n')))
                    throw Fault($"line {_line + _recordLines - 1}", $"after the closing quote of field {_fields.Count} stands '{(char)text[at]}' instead of a comma.");
                if (at < text.Length && text[at] == '\r')
                {
                    if (at + 1 == text.Length && !Input.AtEnd) return false;
                    at++;
                }
            }
            else
            {
                int next;
                while ((next = text[at..].IndexOfAny(Special)) >= 0 && text[at + next] == '"') at += next + 1; // a quote inside a field without quotes is itself
                if (next < 0)
                {
                    if (!Input.AtEnd) return false;
                    at = text.Length;
                }
                else at += next;
                var end = (next < 0 || text[at] == '\n') && at > start && text[at - 1] == '\r' ? at - 1 : at;
                _fields.Add(new(start, end - start, false, false));
            }
            if (at >= text.Length) { _recordLength = text.Length; return true; }
            if (text[at++] == '\n') { _recordLength = at; return true; }
        }
    }

    // From the opening quote to behind the closing one.
    bool TryQuoted(ReadOnlySpan<byte> text, ref int at)
    {
        var start = ++at;
        var doubled = false;
        while (true)
        {
            var quote = text[at..].IndexOf((byte)'"');
            if (quote < 0)
            {
                if (Input.AtEnd) throw Fault($"line {_line}", $"the quote of field {_fields.Count + 1} is not closed.");
                return false;
            }
            at += quote + 1;
            if (at == text.Length && !Input.AtEnd) return false;
            if (at < text.Length && text[at] == '"') { doubled = true; at++; continue; }
            var content = text[start..(at - 1)];
            _recordLines += content.Count((byte)'\n');
            _fields.Add(new(start, content.Length, true, doubled));
            return true;
        }
    }
}
