using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Lockstep.Core.Definitions.Avro;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Streaming.Intake.Avro;

// A message is a record, bare or behind a zero byte and its schema's id (Confluent's wire format). The bytes do not say which: a bare
// record may begin with a zero. So a message that begins so is read both ways, to the end, and is what fits; one that fits both ways is
// refused. Where ids are given there is nothing to find out.
// Fields meet columns by name. What the values are is the writer's schema's matter, what they become the column's, by S2: a widening is
// exact, everything else is looked at. So of a reader's schema only names and defaults count.
/// <summary>Appends messages to columns. For one thread.</summary>
public sealed class AvroDecoder
{
    const int Frame = 5;

    readonly Schema _columns;
    readonly Plan? _bare;
    readonly Dictionary<int, Plan> _byId;
    string _found = "";

    /// <param name="schemas">Of the messages.</param>
    /// <param name="columns">What to fill.</param>
    public AvroDecoder(AvroSchemas schemas, Schema columns)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        _columns = columns ?? throw new ArgumentNullException(nameof(columns));
        _bare = schemas.Written is { } written ? PlanOf(written, schemas, columns) : null;
        _byId = schemas.ById.ToDictionary(s => s.Key, s => PlanOf(s.Value, schemas, columns));
    }

    /// <param name="Schema">Of the record.</param>
    /// <param name="Targets">For each of its fields a column; -1: it is passed over.</param>
    /// <param name="Absent">Columns that it has no field for, with the bytes and schema of a default; no schema: null.</param>
    sealed record Plan(AvroSchema Schema, int[] Targets, IReadOnlyList<(int Column, AvroSchema? Schema, byte[] Default)> Absent);

    static Plan PlanOf(AvroSchema written, AvroSchemas schemas, Schema columns)
    {
        int[] fields = [.. columns.Fields.Select(c => schemas.IndexIn(written, c.Name))];
        List<(int, AvroSchema?, byte[])> absent = [];
        for (var i = 0; i < fields.Length; i++)
            if (fields[i] < 0)
                absent.Add(schemas.Reader?.Fields.FirstOrDefault(f => f.Name == columns[i].Name) is { Default: { } text } field ? (i, field.Schema, AvroDefault.Encode(field, text)) : (i, null, []));
        return new(written, [.. written.Fields.Select((_, f) => Array.IndexOf(fields, f))], absent);
    }

    /// <summary>Appends a message to all columns; what is wrong with it, or null. After a mistake columns may be longer by a value.</summary>
    public string? Append(ReadOnlySpan<byte> message, ColumnBatch to, Span<long> nonFinite)
    {
        ArgumentNullException.ThrowIfNull(to);
        if (Find(message, out var plan, out var record) is { } unknown) return unknown;
        try
        {
            var input = new AvroBytes(record);
            for (var i = 0; i < plan.Targets.Length; i++)
                if (plan.Targets[i] is var column && column < 0) input.Skip(plan.Schema.Fields[i].Schema);
                else if (!Append(ref input, plan.Schema.Fields[i].Schema, to[column], ref nonFinite[column])) return Lossy(column);
            if (!input.AtEnd) return string.Create(CultureInfo.InvariantCulture, $"not Avro of the schema '{plan.Schema}': {input.Left} bytes follow the record");
            foreach (var (column, schema, bytes) in plan.Absent)
            {
                var value = new AvroBytes(bytes);
                if (schema is null) to[column].AppendNull();
                else if (!Append(ref value, schema, to[column], ref nonFinite[column])) return Lossy(column);
            }
            return null;
        }
        catch (AvroException e)
        {
            return $"not Avro of the schema '{plan.Schema}': {e.Message}";
        }
    }

    /// <summary>A message as people can read it; null: it is none.</summary>
    public byte[]? TryJson(ReadOnlySpan<byte> message) => Find(message, out var plan, out var record) is null ? AvroScalars.TryJson(record, plan.Schema) : null;

    string? Find(ReadOnlySpan<byte> message, out Plan plan, out ReadOnlySpan<byte> record)
    {
        plan = _bare!;
        record = message;
        var framed = message.Length >= Frame && message[0] == 0;
        if (_byId.Count > 0)
        {
            if (!framed) return "no schema id stands in front: schemas are given by id, so each message begins with a zero byte and its id";
            var id = BinaryPrimitives.ReadInt32BigEndian(message[1..]);
            if (!_byId.TryGetValue(id, out var found)) return string.Create(CultureInfo.InvariantCulture, $"it was written with schema {id}, which is not given. Given: {string.Join(", ", _byId.Keys.Order())}");
            plan = found;
            record = message[Frame..];
        }
        else if (framed && IsWhole(message[Frame..], _bare!.Schema))
        {
            if (IsWhole(message, _bare.Schema)) return "it can be read as a bare record and as one behind a schema id: give 'schemas' by id";
            record = message[Frame..];
        }
        return null;
    }

    static bool IsWhole(ReadOnlySpan<byte> record, AvroSchema schema)
    {
        try
        {
            var input = new AvroBytes(record);
            input.Skip(schema);
            return input.AtEnd;
        }
        catch (AvroException)
        {
            return false;
        }
    }

    // As deep as the schema's text nests lists and unions: a schema can contain itself only by a record, which is read as JSON.
    /// <summary>False: the value would lose something; <see cref="_found"/> shows it.</summary>
    bool Append(ref AvroBytes input, AvroSchema schema, Column to, ref long nonFinite)
    {
        switch (schema.Kind)
        {
            case AvroKind.Null:
                to.AppendNull();
                return true;
            case AvroKind.Union:
                return Append(ref input, input.Branch(schema), to, ref nonFinite);
            case AvroKind.Array when to is ListColumn list:
                for (var count = input.Block(); count > 0; count = input.Block())
                    for (var i = 0; i < count; i++)
                        if (!Append(ref input, schema.Items!, list.Elements, ref nonFinite)) return false;
                list.EndRow();
                return true;
            case AvroKind.Array or AvroKind.Map or AvroKind.Record:
                // What has no type of ours keeps its text where it is declared as one, as in JSON.
                if (to.Type.Kind != TypeKind.String)
                {
                    _found = $"{(schema.Kind == AvroKind.Array ? "an" : "a")} {schema.Kind.ToString().ToLowerInvariant()}";
                    return false;
                }
                var text = new ArrayBufferWriter<byte>();
                AvroScalars.Json(ref input, schema, text);
                ((BytesColumn)to).Append(text.WrittenSpan);
                return true;
            default:
                var value = AvroScalars.Read(ref input, schema);
                if (Conversion.Append(value, to, ref nonFinite)) return true;
                _found = value.ToString();
                return false;
        }
    }

    string Lossy(int column) => $"column '{_columns[column].Name}': {_found} does not convert to {_columns[column].Type} without loss";
}
