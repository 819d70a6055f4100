using System.Globalization;
using System.Text;
using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Definitions.Avro;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Streaming.Intake.Avro;
using Lockstep.Runtime.Streaming.Log;

namespace Lockstep.Runtime.Streaming.Intake;

/// <summary>What an event must not exceed.</summary>
public sealed record EventLimits
{
    /// <summary>Bytes of one event, as it is sent. Default: 1 MiB.</summary>
    public int MaxEventBytes { get; init; } = 1 << 20;

    /// <summary>How far ahead of the clock an event may be (S14), microseconds. Default: 10 minutes.</summary>
    public long MaxFuture { get; init; } = ValueCell.DefaultMaxFuture;
}

// An event is looked at once, when it comes: what is in the log can be read by everyone who reads it, for good. So everything that would
// make it unreadable is a reason to refuse it here: a value that does not convert to the source's type (S2), or from there to the type
// that a view reads it as; no timestamp; a timestamp too far ahead (S14). A name that the source does not have is told and left out.
/// <summary>Turns events as they are sent into rows of a source. Keeps its buffers: one a thread.</summary>
public sealed class EventDecoder
{
    /// <summary>Of so many events the names are told that the source does not have.</summary>
    const int NamesOf = 100;

    readonly Source _source;
    readonly Schema _columns;
    readonly int _time;
    readonly EventChecks _checks;
    readonly EventLimits _limits;
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ordinals;
    readonly long[] _filled;
    readonly Column[] _scratch;
    readonly List<(byte[] Name, int Ordinal)> _order = [];
    AvroDecoder? _avro;
    long _row;

    /// <param name="source">With the types of all its columns.</param>
    /// <param name="checks">What those who read the source ask of its events.</param>
    /// <param name="limits">Bounds.</param>
    public EventDecoder(Source source, EventChecks checks, EventLimits? limits = null)
    {
        (_source, _columns, _checks, _limits) = (source, LogColumns.Of(source), checks, limits ?? new());
        _time = _columns.IndexOf(LogColumns.TimestampOf(source));
        _filled = new long[_columns.Count];
        _scratch = [.. checks.Conversions.Select(c => Column.Create(c.As))];
        Dictionary<string, int> ordinals = new(StringComparer.Ordinal);
        for (var i = 0; i < _columns.Count; i++) ordinals.Add(_columns[i].Name, i);
        _ordinals = ordinals.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public Schema Columns => _columns;

    public EventRows Begin(string origin) => new(_columns, origin);

    /// <summary>One object a line. A line that is none is refused by itself. Lines are counted on from <see cref="EventRows.Number"/>.</summary>
    public void Lines(ReadOnlySpan<byte> text, EventRows to, long now)
    {
        ArgumentNullException.ThrowIfNull(to);
        while (!text.IsEmpty)
        {
            to.Number++;
            var end = text.IndexOf((byte)'\n');
            var one = (end < 0 ? text : text[..end]).Trim(" \t\r"u8);
            text = end < 0 ? default : text[(end + 1)..];
            if (!one.IsEmpty) Object(one, to, now);
        }
    }

    /// <summary>An event that is too long to be held: its beginning, and how long it is.</summary>
    public void TooLong(ReadOnlySpan<byte> beginning, long bytes, EventRows to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.Rows++;
        to.Refuse(TooLong(bytes)!, beginning);
    }

    /// <summary>One object, or an array of them. What stands before a mistake in the array is kept; the rest cannot be told apart and is refused as one.</summary>
    public void Json(ReadOnlySpan<byte> text, EventRows to, long now)
    {
        ArgumentNullException.ThrowIfNull(to);
        text = text.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty) return;
        if (text[0] != '[')
        {
            Object(text, to, now);
            return;
        }
        var reader = new Utf8JsonReader(text);
        reader.Read();
        var at = (int)reader.BytesConsumed;
        try
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                at = (int)reader.TokenStartIndex;
                reader.Skip();
                Object(text[at..(int)reader.BytesConsumed], to, now);
                at = (int)reader.BytesConsumed;
            }
            reader.Read(); // anything behind the array is an error
        }
        catch (JsonException e)
        {
            to.Rows++;
            to.Refuse($"not JSON from here on: {Reason(e)}", text[at..]);
        }
    }

    /// <summary>One event.</summary>
    public bool Object(ReadOnlySpan<byte> json, EventRows to, long now, string? place = null)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.Rows++;
        var rows = to.Accepted.Count;
        if ((TooLong(json.Length) ?? Decode(json, to) ?? Check(to.Accepted, rows, now)) is not { } reason) return true;
        foreach (var column in to.Accepted.Columns) column.Truncate(Math.Min(rows, column.Count));
        to.Refuse(reason, json, place);
        return false;
    }

    /// <summary>One message of a stream whose format is Avro, bare or in Confluent's wire format. A refused one is kept as JSON, if it can be read.</summary>
    public bool Avro(ReadOnlySpan<byte> message, EventRows to, long now, string? place = null)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.Rows++;
        var avro = _avro ??= new(AvroSchemas.Of(_source.Stream as KafkaStreamSource ?? throw new InvalidOperationException($"Source '{_source.Name}' has no schema of messages.")), _columns);
        var rows = to.Accepted.Count;
        if ((TooLong(message.Length) ?? avro.Append(message, to.Accepted, to.NonFinite) ?? Check(to.Accepted, rows, now)) is not { } reason) return true;
        foreach (var column in to.Accepted.Columns) column.Truncate(Math.Min(rows, column.Count));
        to.Refuse(reason, avro.TryJson(message) ?? EventRows.AsText(message), place);
        return false;
    }

    string? TooLong(long bytes) => bytes <= _limits.MaxEventBytes ? null
        : string.Create(CultureInfo.InvariantCulture, $"the event has {bytes} bytes; the limit is {_limits.MaxEventBytes} ({Limits.MaxEventBytes})");

    /// <summary>Takes a row over from typed columns with the source's names, in the source's order; null: the data have no such column.</summary>
    public bool Row(IReadOnlyList<Column?> from, int row, EventRows to, long now, bool isText)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        to.Rows++;
        var rows = to.Accepted.Count;
        var reason = TooLong(from.Sum(c => c is BytesColumn texts ? (long)texts[row].Length : 0));
        for (var i = 0; i < _columns.Count && reason is null; i++)
        {
            var (column, into) = (from[i], to.Accepted[i]);
            if (column is null || column.IsNull(row)) into.AppendNull();
            else if (isText ? !AppendText(((BytesColumn)column)[row], into, ref to.NonFinite[i]) : !ColumnCast.Append(column, row, into, ref to.NonFinite[i]))
                reason = $"column '{_columns[i].Name}': {ColumnCast.Show(column, row)} does not convert to {into.Type} without loss";
        }
        if ((reason ?? Check(to.Accepted, rows, now)) is not { } found) return true;
        foreach (var column in to.Accepted.Columns) column.Truncate(Math.Min(rows, column.Count));
        var shown = from.Select((c, i) => c is null ? null : $"{_columns[i].Name}: {(c.IsNull(row) ? "null" : ColumnCast.Show(c, row))}").OfType<string>();
        to.Refuse(found, Encoding.UTF8.GetBytes(string.Join(", ", shown)));
        return false;
    }

    // As a table's field is read: blanks count only in text.
    static bool AppendText(ReadOnlySpan<byte> text, Column into, ref long nonFinite)
        => Conversion.Append(Scalar.Text(into.Type.Kind is TypeKind.String or TypeKind.Bytes ? text : text.Trim(" \t"u8)), into, ref nonFinite);

    /// <summary>Appends the values; a reason: some may have been.</summary>
    string? Decode(ReadOnlySpan<byte> json, EventRows to)
    {
        _row++;
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return "an event is an object: { \"column\": value, … }";
            for (var place = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; place++)
            {
                var ordinal = Find(ref reader, place);
                if (ordinal < 0 && to.Rows <= NamesOf) to.Unknown.Add(reader.GetString()!);
                reader.Read();
                if (ordinal < 0)
                {
                    reader.Skip();
                    continue;
                }
                if (_filled[ordinal] == _row) return $"'{_columns[ordinal].Name}' occurs twice";
                _filled[ordinal] = _row;
                var value = reader;
                if (!JsonValues.TryAppend(ref reader, json, to.Accepted[ordinal], ref to.NonFinite[ordinal])) return Lossy(value, json, ordinal);
            }
            reader.Read(); // anything behind the object is an error
        }
        catch (JsonException e)
        {
            return $"not JSON: {Reason(e)}";
        }
        catch (InvalidOperationException)
        {
            return "a name holds half of a surrogate pair";
        }
        for (var i = 0; i < _filled.Length; i++)
            if (_filled[i] != _row) to.Accepted[i].AppendNull();
        return null;
    }

    int Find(ref Utf8JsonReader reader, int place)
    {
        if (place < _order.Count && !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(_order[place].Name)) return _order[place].Ordinal;
        var name = reader.GetString()!;
        var ordinal = _ordinals.TryGetValue(name, out var found) ? found : -1;
        if (place < _order.Count) _order[place] = (Encoding.UTF8.GetBytes(name), ordinal);
        else if (place == _order.Count && place < 1_000) _order.Add((Encoding.UTF8.GetBytes(name), ordinal));
        return ordinal;
    }

    string? Check(ColumnBatch rows, int row, long now)
    {
        var times = (FixedColumn<long>)rows[_time];
        if (times.IsNull(row)) return $"there is no '{_columns[_time].Name}': an event needs its timestamp";
        // Of two instants that are far apart the difference does not fit.
        if (times.Values[row] > now && (ulong)(times.Values[row] - now) > (ulong)_limits.MaxFuture)
            return $"'{_columns[_time].Name}' is {Instant.Format(times.Values[row])}, which is more than {Duration.Format(_limits.MaxFuture)} ahead of the clock ({Instant.Format(now)})";
        for (var i = 0; i < _scratch.Length; i++)
        {
            var (ordinal, type, reader) = _checks.Conversions[i];
            var nonFinite = 0L;
            _scratch[i].Clear();
            if (!ColumnCast.Append(rows[ordinal], row, _scratch[i], ref nonFinite))
                return $"column '{_columns[ordinal].Name}': {ColumnCast.Show(rows[ordinal], row)} does not convert to {type}, which {reader} reads, without loss";
        }
        return WithoutKey(rows, row);
    }

    /// <summary>An event that no view can find a key in would never be seen.</summary>
    string? WithoutKey(ColumnBatch rows, int row)
    {
        var missing = -1;
        foreach (var key in _checks.Keys)
        {
            var found = Array.FindIndex(key, ordinal => ordinal >= 0 && rows[ordinal].IsNull(row));
            if (found < 0) return null;
            missing = key[found];
        }
        return missing < 0 ? null : $"there is no '{_columns[missing].Name}': an event needs its key";
    }

    string Lossy(Utf8JsonReader value, ReadOnlySpan<byte> json, int ordinal)
    {
        var start = (int)value.TokenStartIndex;
        value.Skip();
        return $"column '{_columns[ordinal].Name}': {Scalar.Text(json[start..(int)value.BytesConsumed]).ToString()[1..^1]} does not convert to {_columns[ordinal].Type} without loss";
    }

    // The parser counts lines and bytes from the event's own start: of no use to who sent many.
    static string Reason(JsonException e) => e.Message.Split(" LineNumber:")[0].Split(" Path:")[0].TrimEnd('.');
}
