using System.Text.Json;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Server.Feast;

/// <summary>The names of outputs in Feast's format: the feature's, or <c>view__feature</c> (the alias where there is one).</summary>
abstract class FeastNames
{
    protected FeastNames(ServingPlan plan, bool full)
    {
        Names = [.. plan.Outputs.Select(o =>
        {
            var alias = o.IsOnDemand ? null : plan.Lookups[o.Lookup].Lookup.Alias;
            return full ? $"{alias ?? o.View.Name}__{o.Feature}" : o.Feature;
        })];
        if (Names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FeastException(400, FeastException.NameCollision, $"Duplicate features named {twice.Key} found.\nTo resolve this collision, either use the full feature name by setting 'full_feature_names=True', or ensure that the features in question have different names.");
        Json = [.. JsonSerializer.SerializeToUtf8Bytes(Names, JsonText.Options).AsSpan()[1..^1]];
    }

    IReadOnlyList<string> Names { get; }

    /// <summary>The names as JSON texts with commas between them.</summary>
    public byte[] Json { get; }

    public static FeastNames Of(ServingPlan plan, bool full) => full ? plan.Rendering<Full>(static p => new(p)) : plan.Rendering<Short>(static p => new(p));

    sealed class Full(ServingPlan plan) : FeastNames(plan, true);

    sealed class Short(ServingPlan plan) : FeastNames(plan, false);
}

/// <summary>Writes the answer of POST /get-online-features: one result for each name, as long as there are rows; join keys first.</summary>
static class FeastResponse
{
    const long Epoch = 0;

    /// <returns>Its length.</returns>
    public static int Write(ServingRequest request, FeastRequest asked)
    {
        var plan = request.Plan;
        var names = FeastNames.Of(plan, asked.FullNames);
        var to = request.Output;
        to.Write("{\"results\":["u8);
        foreach (var key in asked.Keys)
        {
            WriteKey(to, request, key);
            to.Write((byte)',');
        }
        // Statuses and event timestamps are the same for all features of a lookup that have no null: they are written once and copied.
        var shared = new Shared[plan.Lookups.Length + plan.Computed.Length];
        for (var i = 0; i < plan.Outputs.Length; i++)
        {
            if (i > 0) to.Write((byte)',');
            WriteOutput(to, request, i, ref shared[plan.Sources[i]]);
        }
        to.Write("],\"metadata\":{\"feature_names\":["u8);
        foreach (var key in asked.Keys)
        {
            to.Write(key.Column.JsonName);
            to.Write((byte)',');
        }
        to.Write(names.Json);
        to.Write((byte)']');
        if (asked.VersionMetadata) WriteVersions(to, plan);
        to.Write("}}"u8);
        return to.Count;
    }

    /// <summary>Where in the answer the texts of a lookup stand that others repeat; nothing yet: length 0.</summary>
    struct Shared
    {
        public int StatusStart, StatusLength, TimeStart, TimeLength;
    }

    static void WriteKey(Utf8Buffer to, ServingRequest request, FeastKeyColumn key)
    {
        to.Write("{\"values\":["u8);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            FeastDialect.Key(to, request.Parts.Written.Slice(key.Values[row].Start, key.Values[row].Length));
        }
        to.Write("],\"statuses\":["u8);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            to.Write((key.Values[row].IsNull ? FeatureStatus.NullValue : FeatureStatus.Present).ToJson());
        }
        to.Write("],\"event_timestamps\":["u8);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            to.Write("\"1970-01-01T00:00:00Z\""u8);
        }
        to.Write("]}"u8);
    }

    static void WriteOutput(Utf8Buffer to, ServingRequest request, int output, ref Shared shared)
    {
        var column = request.Plan.Outputs[output];
        var lookup = request.Plan.Sources[output];
        var (kind, scale, nulls) = (column.Type.Kind, column.Type.Scale, false);
        to.Write("{\"values\":["u8);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            var read = request.Read(row, lookup);
            if (!request.HasRow(read)) PackedJson.Write<FeastDialect>(to, column.Default);
            else if (request.Row(read) is var packed && !packed.IsNull(column.Ordinal)) PackedJson.Write<FeastDialect>(to, kind, packed, column.Ordinal, scale);
            else
            {
                nulls = true;
                PackedJson.Write<FeastDialect>(to, column.Default);
            }
        }
        to.Write("],\"statuses\":["u8);
        if (nulls) WriteStatuses(to, request, lookup, column.Ordinal);
        else if (shared.StatusLength > 0) Repeat(to, shared.StatusStart, shared.StatusLength);
        else
        {
            shared.StatusStart = to.Count;
            WriteStatuses(to, request, lookup, -1);
            shared.StatusLength = to.Count - shared.StatusStart;
        }
        to.Write("],\"event_timestamps\":["u8);
        if (shared.TimeLength > 0) Repeat(to, shared.TimeStart, shared.TimeLength);
        else
        {
            shared.TimeStart = to.Count;
            WriteTimestamps(to, request, lookup);
            shared.TimeLength = to.Count - shared.TimeStart;
        }
        to.Write("]}"u8);
    }

    // The format has no status for what is out of range (S13): its clients would fail to read another name. It is a NULL_VALUE here.
    static void WriteStatuses(Utf8Buffer to, ServingRequest request, int lookup, int ordinal)
    {
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            var read = request.Read(row, lookup);
            var status = request.Status(read);
            to.Write((ordinal >= 0 && status == FeatureStatus.Present && request.Row(read).IsNull(ordinal) ? FeatureStatus.NullValue : status).ToJson());
        }
    }

    static void WriteTimestamps(Utf8Buffer to, ServingRequest request, int lookup)
    {
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            var read = request.Read(row, lookup);
            FeastDialect.EventTimestamp(to, request.HasEventTimestamp(read) ? request.EventTimestamp(read) : Epoch);
        }
    }

    static void Repeat(Utf8Buffer to, int start, int length)
    {
        var room = to.Room(length); // from here on the buffer does not move
        to.Written.Slice(start, length).CopyTo(room);
        to.Advance(length);
    }

    static void WriteVersions(Utf8Buffer to, ServingPlan plan)
    {
        to.Write(",\"feature_view_metadata\":["u8);
        var next = false;
        foreach (var (name, version) in plan.Lookups.Select(l => l.Lookup.View).Concat(plan.Outputs.Where(o => o.IsOnDemand).Select(o => o.View)).Select(v => (v.Name, v.Version)).Distinct())
        {
            if (next) to.Write((byte)',');
            next = true;
            to.Write("{\"name\":"u8);
            JsonText.String(to, System.Text.Encoding.UTF8.GetBytes(name));
            to.Write(",\"version\":"u8); // a whole number there: the part of ours that `@v1` selects
            JsonText.Integer(to, version.Major);
            to.Write((byte)'}');
        }
        to.Write((byte)']');
    }
}
