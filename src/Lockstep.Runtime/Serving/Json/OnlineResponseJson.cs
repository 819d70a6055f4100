using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Serving.Json;

/// <summary>
/// Writes the answer of POST /api/v1/features/online: <c>{"metadata": {"features", "versions", "as_of"}, "rows": [{"values", "statuses",
/// "event_timestamps"}]}</c>, from the packed rows straight into UTF-8.
/// </summary>
public static class OnlineResponseJson
{
    /// <summary>
    /// Writes what is not known yet to <see cref="ServingRequest.Output"/> and returns how long the whole answer is;
    /// <see cref="CopyTo"/> then lays it together where it goes. Rows that were answered before are copied once.
    /// </summary>
    public static int Prepare(ServingRequest request)
    {
        var plan = request.Plan.Rendering(static plan => new Pieces(plan));
        var to = request.Output;
        to.Write(plan.Head);
        InstantText.Instant(to, request.AsOf);
        to.Write("\"},\"rows\":["u8);
        request.HeadLength = to.Count;
        var length = to.Count + Math.Max(0, request.Rows - 1) + 2;
        for (var row = 0; row < request.Rows; row++)
        {
            if (request.Answer(row) is { } text)
            {
                length += text.Length;
                continue;
            }
            var start = to.Count;
            WriteRow(to, request, plan, row);
            request.SetWritten(row, start, to.Count - start);
            length += to.Count - start;
        }
        return length;
    }

    /// <summary>Lays the prepared answer together.</summary>
    public static void CopyTo(ServingRequest request, Span<byte> to)
    {
        var written = request.Output.Written;
        written[..request.HeadLength].CopyTo(to);
        to = to[request.HeadLength..];
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0)
            {
                to[0] = (byte)',';
                to = to[1..];
            }
            var text = request.Answer(row) is { } known ? known : request.WrittenRow(row);
            text.CopyTo(to);
            to = to[text.Length..];
        }
        "]}"u8.CopyTo(to);
    }

    /// <summary>The whole answer, for tools and tests.</summary>
    public static byte[] ToArray(ServingRequest request)
    {
        var answer = new byte[Prepare(request)];
        CopyTo(request, answer);
        return answer;
    }

    /// <summary>The answer of history, in the same words.</summary>
    public static ReadOnlyMemory<byte> Of(ServingPlan plan, FeatureVectors vectors)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(vectors);
        Utf8Buffer to = new();
        to.Write(plan.Rendering(static plan => new Pieces(plan)).Head);
        InstantText.Instant(to, vectors.AsOf);
        to.Write("\"},\"rows\":["u8);
        for (var row = 0; row < vectors.Rows.Count; row++)
        {
            to.Write(row > 0 ? ",{\"values\":["u8 : "{\"values\":["u8);
            Each(vectors.Rows[row], value => PackedJson.Write<NativeDialect>(to, value.Value));
            to.Write("],\"statuses\":["u8);
            Each(vectors.Rows[row], value => to.Write(value.Status.ToJson()));
            to.Write("],\"event_timestamps\":["u8);
            Each(vectors.Rows[row], value =>
            {
                if (value.EventTimestamp is { } time) JsonText.Timestamp(to, time);
                else JsonText.Null(to);
            });
            to.Write("]}"u8);
        }
        to.Write("]}"u8);
        return to.Written.ToArray();

        void Each(IReadOnlyList<ServedValue> values, Action<ServedValue> write)
        {
            for (var i = 0; i < values.Count; i++)
            {
                if (i > 0) to.Write((byte)',');
                write(values[i]);
            }
        }
    }

    static void WriteRow(Utf8Buffer to, ServingRequest request, Pieces plan, int row)
    {
        var nulls = request.SegmentNulls;
        to.Write("{\"values\":["u8);
        for (var s = 0; s < plan.Segments.Length; s++)
        {
            if (s > 0) to.Write((byte)',');
            var segment = plan.Segments[s];
            var read = request.Read(row, segment.Lookup);
            if (request.HasRow(read)) nulls[s] = WriteValues(to, segment, request.Row(read));
            else to.Write(segment.Defaults);
        }
        to.Write("],\"statuses\":["u8);
        for (var s = 0; s < plan.Segments.Length; s++)
        {
            if (s > 0) to.Write((byte)',');
            var segment = plan.Segments[s];
            var read = request.Read(row, segment.Lookup);
            var status = request.Status(read);
            if (status != FeatureStatus.Present || !nulls[s]) to.Write(segment.Statuses[(int)status]);
            else WriteStatuses(to, segment, request, read);
        }
        to.Write("],\"event_timestamps\":["u8);
        for (var s = 0; s < plan.Segments.Length; s++)
        {
            if (s > 0) to.Write((byte)',');
            var segment = plan.Segments[s];
            var read = request.Read(row, segment.Lookup);
            if (!request.HasEventTimestamp(read)) to.Write(segment.NoTimestamps);
            else WriteTimestamps(to, request.EventTimestamp(read), segment.Columns.Length);
        }
        to.Write("]}"u8);
    }

    /// <summary>Returns whether one of them was null.</summary>
    static bool WriteValues(Utf8Buffer to, Segment segment, RowReader row)
    {
        var nulls = false;
        var columns = segment.Columns;
        for (var i = 0; i < columns.Length; i++)
        {
            if (i > 0) to.Write((byte)',');
            ref readonly var column = ref columns[i];
            if (row.IsNull(column.Ordinal))
            {
                nulls = true;
                to.Write(column.Default);
            }
            else PackedJson.Write<NativeDialect>(to, column.Kind, row, column.Ordinal, column.Scale);
        }
        return nulls;
    }

    static void WriteStatuses(Utf8Buffer to, Segment segment, ServingRequest request, int read)
    {
        var row = request.Row(read);
        for (var i = 0; i < segment.Columns.Length; i++)
        {
            if (i > 0) to.Write((byte)',');
            to.Write((row.IsNull(segment.Columns[i].Ordinal) ? request.NullStatus(read, segment.Columns[i].Ordinal) : FeatureStatus.Present).ToJson());
        }
    }

    static void WriteTimestamps(Utf8Buffer to, long micros, int count)
    {
        var start = to.Count;
        JsonText.Timestamp(to, micros);
        var length = to.Count - start;
        var room = to.Room((length + 1) * count); // from here on the buffer does not move
        var text = to.Written.Slice(start, length);
        for (var i = 1; i < count; i++)
        {
            room[0] = (byte)',';
            text.CopyTo(room[1..]);
            room = room[(length + 1)..];
        }
        to.Advance((length + 1) * (count - 1));
    }

    readonly record struct Column(TypeKind Kind, int Ordinal, int Scale, byte[] Default);

    /// <summary>What a segment of the answer looks like when all its values have one status.</summary>
    sealed class Segment
    {
        public Segment(ServingPlan plan, PlanSegment segment)
        {
            Lookup = segment.Lookup;
            var outputs = plan.Outputs.AsSpan(segment.First, segment.Count);
            Columns = new Column[outputs.Length];
            Utf8Buffer text = new();
            for (var i = 0; i < outputs.Length; i++)
            {
                text.Clear();
                PackedJson.Write<NativeDialect>(text, outputs[i].Default);
                Columns[i] = new(outputs[i].Type.Kind, outputs[i].Ordinal, outputs[i].Type.Scale, text.Written.ToArray());
            }
            Defaults = Join(Columns.Select(c => c.Default));
            NoTimestamps = Join(Columns.Select(_ => "null"u8.ToArray()));
            foreach (var status in Enum.GetValues<FeatureStatus>()) Statuses[(int)status] = Join(Columns.Select(_ => status.ToJson().ToArray()));
        }

        public int Lookup { get; }
        public Column[] Columns { get; }
        public byte[] Defaults { get; }
        public byte[] NoTimestamps { get; }
        public byte[][] Statuses { get; } = new byte[(int)FeatureStatus.OutOfRange + 1][];

        static byte[] Join(IEnumerable<byte[]> items) => [.. items.SelectMany((item, i) => i == 0 ? item : [(byte)',', .. item])];
    }

    sealed class Pieces
    {
        public Pieces(ServingPlan plan)
        {
            Segments = [.. plan.Segments.Select(s => new Segment(plan, s))];
            Utf8Buffer text = new();
            text.Write("{\"metadata\":{\"features\":["u8);
            for (var i = 0; i < plan.JsonNames.Length; i++)
            {
                if (i > 0) text.Write((byte)',');
                text.Write(plan.JsonNames[i]);
            }
            text.Write("],\"versions\":{"u8);
            for (var i = 0; i < plan.Versions.Count; i++)
            {
                if (i > 0) text.Write((byte)',');
                JsonText.String(text, System.Text.Encoding.UTF8.GetBytes(plan.Versions[i].Key));
                text.Write((byte)':');
                JsonText.String(text, System.Text.Encoding.UTF8.GetBytes(plan.Versions[i].Value));
            }
            text.Write("},\"as_of\":\""u8);
            Head = text.Written.ToArray();
        }

        public Segment[] Segments { get; }

        /// <summary>All up to the instant.</summary>
        public byte[] Head { get; }
    }
}
