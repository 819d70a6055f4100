using System.Buffers;
using System.Text;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>Writes a table as CSV, JSON lines or a JSON array, into a stream or whole into a file.</summary>
public sealed class TextTableWriter : BatchWriter
{
    const int FlushBytes = 256 * 1024;

    readonly Stream _stream;
    readonly FileReplacement? _file;
    readonly TableFormat _format;
    readonly string _what;
    readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes + 4096), _scratch = new();
    readonly JsonEncodedText[] _names;
    readonly Utf8JsonWriter _json;
    bool _any, _completed;

    TextTableWriter(Stream stream, FileReplacement? file, string what, TableFormat format, Schema schema)
    {
        (_stream, _file, _what, _format, Schema) = (stream, file, what, format, schema);
        _json = new Utf8JsonWriter(_buffer, TextCells.JsonOptions);
        _names = [.. schema.Fields.Select(f => JsonEncodedText.Encode(f.Name, TextCells.JsonOptions.Encoder))];
        if (format == TableFormat.Json) _buffer.Write("["u8);
        if (format == TableFormat.Csv) Header();
    }

    /// <summary>Into a stream, which stays the caller's; what was written before an error remains in it.</summary>
    public static TextTableWriter Create(Stream stream, TableFormat format, Schema schema) => new(stream, null, "the output", format, schema);

    /// <summary>Into a file, which appears on <see cref="Complete"/>.</summary>
    public static TextTableWriter CreateFile(TableOutput output, Schema schema)
    {
        var file = new FileReplacement(output.Path);
        try
        {
            var stream = new FileStream(file.TempPath, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1);
            return new(stream, file, output.Path, output.Format, schema);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw Fault(output.Path, e);
        }
    }

    public override Schema Schema { get; }

    public override void Write(ColumnBatch batch, CancellationToken token)
    {
        for (var row = 0; row < batch.Count; row++)
        {
            if (_format == TableFormat.Csv) WriteCsv(batch, row);
            else WriteJson(batch, row);
            _any = true;
            if (_buffer.WrittenCount < FlushBytes) continue;
            token.ThrowIfCancellationRequested();
            Flush();
        }
    }

    public override void Complete(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (_format == TableFormat.Json) _buffer.Write(_any ? "\n]\n"u8 : "]\n"u8);
        Flush();
        try
        {
            if (_file is null) _stream.Flush();
            else
            {
                _stream.Dispose();
                _file.Commit();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(_what, e);
        }
        _completed = true;
    }

    void Header()
    {
        for (var i = 0; i < Schema.Count; i++)
        {
            if (i > 0) _buffer.Write(","u8);
            TextCells.Quote(_buffer, Encoding.UTF8.GetBytes(Schema[i].Name));
        }
        _buffer.Write("\n"u8);
    }

    void WriteCsv(ColumnBatch batch, int row)
    {
        for (var i = 0; i < batch.Columns.Count; i++)
        {
            if (i > 0) _buffer.Write(","u8);
            TextCells.WriteCsv(_buffer, batch[i], row, _scratch);
        }
        _buffer.Write("\n"u8);
    }

    void WriteJson(ColumnBatch batch, int row)
    {
        if (_format == TableFormat.Json) _buffer.Write(_any ? ",\n"u8 : "\n"u8);
        _json.Reset();
        _json.WriteStartObject();
        for (var i = 0; i < batch.Columns.Count; i++)
        {
            _json.WritePropertyName(_names[i]);
            TextCells.WriteJson(_json, batch[i], row);
        }
        _json.WriteEndObject();
        _json.Flush();
        if (_format == TableFormat.JsonLines) _buffer.Write("\n"u8);
    }

    void Flush()
    {
        try
        {
            _stream.Write(_buffer.WrittenSpan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(_what, e);
        }
        _buffer.ResetWrittenCount();
    }

    static LockstepException Fault(string what, Exception e) => new(ErrorKind.Failed, $"{what} cannot be written: {e.Message}", e);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _json.Dispose();
            if (_file is not null)
            {
                if (!_completed) Discard();
                _file.Dispose();
            }
        }
        base.Dispose(disposing);
    }

    // On a full disk even closing fails; the file is removed all the same.
    void Discard()
    {
        try
        {
            _stream.Dispose();
        }
        catch (IOException)
        {
            // What could not be written is not wanted any more.
        }
    }
}
