using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>Objects, one a line or in one array. A name that a row lacks is null there; a name that occurs twice in a row is an error.</summary>
sealed class JsonRecords : TextRecords
{
    readonly bool _array;
    string[] _names = [];
    bool[] _seen = [];
    long[] _filled = []; // the row that each column was last filled for
    int[] _same = []; // the next selected column of the same name, or -1
    Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ordinals;
    readonly List<(byte[] Name, int Ordinal)> _order = []; // of the last row: the next one usually has the same
    long _line;
    int _length; // of the object at the front
    bool _opened, _closed;

    public JsonRecords(InputBuffer input, string what, bool array) : base(input, what)
    {
        _array = array;
        input.SkipByteOrderMark(what);
    }

    public override IReadOnlyList<string>? Names => null;
    public override IReadOnlyList<bool> Seen => _seen;

    public override void Select(IReadOnlyList<string> columns)
    {
        _names = [.. columns];
        _seen = new bool[_names.Length];
        _filled = new long[_names.Length];
        _same = new int[_names.Length];
        Dictionary<string, int> ordinals = new(StringComparer.Ordinal);
        for (var i = _names.Length - 1; i >= 0; i--)
        {
            _same[i] = ordinals.TryGetValue(_names[i], out var next) ? next : -1;
            ordinals[_names[i]] = i;
        }
        _ordinals = ordinals.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    string Place => _array ? $"row {Rows}" : $"row {Rows} (line {_line})";

    public override bool TryAppend(IReadOnlyList<Column> columns, long[] nonFinite)
    {
        if (!TryObject()) return false;
        var json = Input.Unread[.._length];
        var reader = new Utf8JsonReader(json);
        try
        {
            Open(ref reader);
            for (var place = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; place++)
            {
                var ordinal = Find(ref reader, place);
                reader.Read();
                if (ordinal < 0) { reader.Skip(); continue; }
                if (_filled[ordinal] == Rows) throw Fault(Place, $"'{_names[ordinal]}' occurs twice.");
                for (var value = reader; ordinal >= 0; ordinal = _same[ordinal])
                {
                    reader = value;
                    _filled[ordinal] = Rows;
                    _seen[ordinal] = true;
                    if (!JsonValues.TryAppend(ref reader, json, columns[ordinal], ref nonFinite[ordinal])) throw Lossy(value, json, columns[ordinal], ordinal);
                }
            }
            reader.Read(); // anything behind the object is an error
        }
        catch (JsonException e)
        {
            throw Fault(Place, $"not JSON: {Reason(e)}");
        }
        for (var i = 0; i < _names.Length; i++)
            if (_filled[i] != Rows) columns[i].AppendNull();
        Input.Eat(_length);
        return true;
    }

    public override bool TryLook(LookAtValue look)
    {
        if (!TryObject()) return false;
        var json = Input.Unread[.._length];
        var reader = new Utf8JsonReader(json);
        try
        {
            Open(ref reader);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                var (type, usable) = TextTypes.Of(ref reader);
                look(name, type, usable);
            }
        }
        catch (JsonException e)
        {
            throw Fault(Place, $"not JSON: {Reason(e)}");
        }
        Input.Eat(_length);
        return true;
    }

    LockstepException Lossy(Utf8JsonReader value, ReadOnlySpan<byte> json, Column column, int ordinal)
    {
        var start = (int)value.TokenStartIndex;
        value.Skip();
        var text = Scalar.Text(json[start..(int)value.BytesConsumed]).ToString()[1..^1];
        return Fault(Place, $"column '{_names[ordinal]}': {text} does not convert to {column.Type} without loss.");
    }

    void Open(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw Fault(Place, "each row is an object: { \"column\": value, … }.");
    }

    int Find(ref Utf8JsonReader reader, int place)
    {
        if (place < _order.Count && !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(_order[place].Name)) return _order[place].Ordinal;
        var name = reader.GetString()!;
        var ordinal = _ordinals.TryGetValue(name, out var found) ? found : -1;
        if (place < _order.Count) _order[place] = (Encoding.UTF8.GetBytes(name), ordinal);
        else if (place == _order.Count && place < 10_000) _order.Add((Encoding.UTF8.GetBytes(name), ordinal));
        return ordinal;
    }

    bool TryObject()
    {
        if (!(_array ? TryElement() : TryLine())) return false;
        Rows++;
        return true;
    }

    bool TryLine()
    {
        while (true)
        {
            var end = Input.Unread.IndexOf((byte)'\n');
            if (end < 0 && !Input.AtEnd) { Input.Fill(What); continue; }
            var line = end < 0 ? Input.Unread : Input.Unread[..end];
            if (end < 0 && line.IsEmpty) return false;
            _line++;
            if (!line.Trim(" \t\r"u8).IsEmpty)
            {
                _length = end < 0 ? line.Length : end + 1;
                return true;
            }
            Input.Eat(end < 0 ? line.Length : end + 1);
        }
    }

    // Looks for the next element of the array and eats what stands before it.
    bool TryElement()
    {
        while (true)
        {
            var text = Input.Unread.TrimStart(" \t\r\n"u8);
            Input.Eat(Input.Unread.Length - text.Length);
            if (text.IsEmpty)
            {
                if (!Input.AtEnd) { Input.Fill(What); continue; }
                if (_closed) return false;
                throw Fault($"row {Rows + 1}", _opened ? "the file ends within the array." : "there is no array. One object a line is .jsonl.");
            }
            if (_closed) throw Fault($"row {Rows + 1}", "something stands behind the array.");
            if (!_opened)
            {
                if (text[0] != '[') throw Fault("row 1", "a .json table is an array of objects. One object a line is .jsonl.");
                _opened = true;
                Input.Eat(1);
                continue;
            }
            if (text[0] == ']') { _closed = true; Input.Eat(1); continue; }
            if (text[0] == ',' && Rows > 0) { text = text[1..].TrimStart(" \t\r\n"u8); } // kept until its element has arrived whole
            else if (Rows > 0) throw Fault($"row {Rows + 1}", "between two rows stands no comma.");
            var before = Input.Unread.Length - text.Length;
            var reader = new Utf8JsonReader(text, Input.AtEnd, default);
            try
            {
                if (reader.Read() && reader.TrySkip())
                {
                    Input.Eat(before);
                    _length = (int)reader.BytesConsumed;
                    return true;
                }
            }
            catch (JsonException e)
            {
                throw Fault($"row {Rows + 1}", $"not JSON: {Reason(e)}");
            }
            if (Input.AtEnd) throw Fault($"row {Rows + 1}", "the file ends within the array.");
            Input.Fill(What);
        }
    }

    // The parser counts lines and bytes from the row's own start: of no use to a reader of the file.
    static string Reason(JsonException e) => e.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
}
