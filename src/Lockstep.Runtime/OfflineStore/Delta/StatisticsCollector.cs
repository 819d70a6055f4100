using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>
/// Collects a file's statistics while its rows are written. What a reader could take wrong is left out: it then reads the file, which is
/// never wrong. Bounds may be wider than the values, never narrower.
/// </summary>
internal sealed class StatisticsCollector
{
    /// <summary>As other writers: columns beyond these have no statistics, the time column excepted.</summary>
    const int IndexedColumns = 32;

    readonly ColumnStatistics?[] _columns;
    readonly Schema _schema;

    public StatisticsCollector(Schema schema, string? timeColumn)
    {
        _schema = schema;
        _columns = [.. schema.Fields.Select((f, i) => i < IndexedColumns || f.Name == timeColumn ? ColumnStatistics.Create(f.Type) : null)];
    }

    public long Records { get; private set; }

    public void Add(ColumnBatch batch)
    {
        Records += batch.Count;
        for (var i = 0; i < _columns.Length; i++) _columns[i]?.Add(batch[i]);
    }

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("numRecords", Records);
            Group(json, "minValues", static (c, j, name) => c.WriteLeast(j, name));
            Group(json, "maxValues", static (c, j, name) => c.WriteGreatest(j, name));
            Group(json, "nullCount", static (c, j, name) => j.WriteNumber(name, c.Nulls));
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    void Group(Utf8JsonWriter json, string name, Action<ColumnStatistics, Utf8JsonWriter, string> write)
    {
        json.WriteStartObject(name);
        for (var i = 0; i < _columns.Length; i++)
            if (_columns[i] is { } column) write(column, json, _schema[i].Name);
        json.WriteEndObject();
    }
}
