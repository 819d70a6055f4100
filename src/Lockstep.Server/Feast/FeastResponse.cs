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
            var lookup = plan.Lookups[o.Lookup].Lookup;
            var feature = lookup.View.Features[o.Ordinal].Name;
            return full ? $"{lookup.Alias ?? lookup.View.Name}__{feature}" : feature;
        })];
        if (Names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FeastException(400, FeastException.NameCollision, $"Duplicate features named {twice.Key} found.\nTo resolve this collision, either use the full feature name by setting 'full_feature_names=True', or ensure that the features in question have different names.");
    }

    public IReadOnlyList<string> Names { get; }

    public static IReadOnlyList<string> Of(ServingPlan plan, bool full)
        => full ? plan.Rendering<Full>(static p => new(p)).Names : plan.Rendering<Short>(static p => new(p)).Names;

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
        for (var i = 0; i < asked.Keys.Count; i++)
        {
            if (i > 0) to.Write((byte)',');
            WriteKey(to, request, asked.Keys[i]);
        }
        for (var i = 0; i < plan.Outputs.Length; i++)
        {
            if (i + asked.Keys.Count > 0) to.Write((byte)',');
            WriteOutput(to, request, i);
        }
        to.Write("],\"metadata\":{\"feature_names\":["u8);
        var next = false;
        foreach (var name in asked.Keys.Select(k => k.Field.Name).Concat(names))
        {
            if (next) to.Write((byte)',');
            next = true;
            JsonText.String(to, System.Text.Encoding.UTF8.GetBytes(name));
        }
        to.Write((byte)']');
        if (asked.VersionMetadata) WriteVersions(to, plan);
        to.Write("}}"u8);
        return to.Count;
    }

    static void WriteKey(Utf8Buffer to, ServingRequest request, FeastKeyColumn key)
    {
        Begin(to);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            FeastDialect.Key(to, request.Parts.Written.Slice(key.Values[row].Start, key.Values[row].Length));
        }
        Statuses(to);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            to.Write((key.Values[row].IsNull ? FeatureStatus.NullValue : FeatureStatus.Present).ToJson());
        }
        Timestamps(to);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            FeastDialect.EventTimestamp(to, Epoch);
        }
        End(to);
    }

    static void WriteOutput(Utf8Buffer to, ServingRequest request, int output)
    {
        var column = request.Plan.Outputs[output];
        var (kind, scale) = (column.Type.Kind, column.Type.Scale);
        Begin(to);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            var read = request.Read(row, column.Lookup);
            if (request.Status(read) == FeatureStatus.Present && request.Row(read) is var packed && !packed.IsNull(column.Ordinal))
                PackedJson.Write<FeastDialect>(to, kind, packed, column.Ordinal, scale);
            else PackedJson.Write<FeastDialect>(to, column.Default);
        }
        Statuses(to);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            var read = request.Read(row, column.Lookup);
            var status = request.Status(read);
            to.Write((status == FeatureStatus.Present && request.Row(read).IsNull(column.Ordinal) ? FeatureStatus.NullValue : status).ToJson());
        }
        Timestamps(to);
        for (var row = 0; row < request.Rows; row++)
        {
            if (row > 0) to.Write((byte)',');
            var read = request.Read(row, column.Lookup);
            FeastDialect.EventTimestamp(to, request.Status(read) == FeatureStatus.NotFound ? Epoch : request.EventTimestamp(read));
        }
        End(to);
    }

    static void WriteVersions(Utf8Buffer to, ServingPlan plan)
    {
        to.Write(",\"feature_view_metadata\":["u8);
        var next = false;
        foreach (var (name, version) in plan.Lookups.Select(l => (l.Lookup.View.Name, l.Lookup.View.Version)).Distinct())
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

    static void Begin(Utf8Buffer to) => to.Write("{\"values\":["u8);
    static void Statuses(Utf8Buffer to) => to.Write("],\"statuses\":["u8);
    static void Timestamps(Utf8Buffer to) => to.Write("],\"event_timestamps\":["u8);
    static void End(Utf8Buffer to) => to.Write("]}"u8);
}
