using System.Text.Json.Nodes;

namespace Lockstep.Server.Tests.Feast;

/// <summary>Where our answer is another than Feast's: which rule says so, and what it is.</summary>
/// <param name="Case">The recorded request.</param>
/// <param name="Rule">Why.</param>
/// <param name="Change">Turns Feast's answer into ours; null: the answer is <paramref name="Status"/> and <paramref name="Says"/>.</param>
/// <param name="Status">Our status.</param>
/// <param name="Says">Part of our answer.</param>
sealed record Difference(string Case, string Rule, Action<ColumnarAnswer>? Change = null, int Status = 200, string Says = "")
{
    /// <summary>It comes from a ttl alone: without one our answer is Feast's.</summary>
    public bool IsTtl => Rule.StartsWith("S5", StringComparison.Ordinal);

    /// <summary>Rows older than their ttl: no value, and the status says why; the event timestamp stays.</summary>
    static Action<ColumnarAnswer> TooOld(params string[] columns) => answer =>
    {
        foreach (var column in columns)
            for (var row = 0; row < answer.Rows; row++)
            {
                if ((string)answer.Statuses(column)[row]! == "NOT_FOUND") continue;
                answer.Values(column)[row] = null;
                answer.Statuses(column)[row] = "OUTSIDE_MAX_AGE";
            }
    };

    static Action<ColumnarAnswer> TooOldRow(string column, int row) => answer => (answer.Values(column)[row], answer.Statuses(column)[row]) = (null, "OUTSIDE_MAX_AGE");

    /// <summary>A null that is stored: not PRESENT.</summary>
    static readonly Action<ColumnarAnswer> NullValues = answer =>
    {
        foreach (var column in answer.Names.ToList())
            for (var row = 0; row < answer.Rows; row++)
                if (answer.Values(column)[row] is null && (string)answer.Statuses(column)[row]! == "PRESENT") answer.Statuses(column)[row] = "NULL_VALUE";
    };

    static Action<ColumnarAnswer> Value(string column, int row, string json) => answer => answer.Values(column)[row] = JsonNode.Parse(json);

    static Action<ColumnarAnswer> Time(int row, string time) => answer =>
    {
        foreach (var column in answer.Names.Skip(1).ToList()) answer.Times(column)[row] = time; // the first is the key
    };

    /// <summary>What is computed on demand is not held anywhere; its event timestamp is 1970 always.</summary>
    static readonly string[] Computed = ["fine_after", "open_share", "pages_owed", "mood", "double_rate"];

    /// <summary>What Redis does not hold, as Feast answers it: to be read as not found.</summary>
    public static Difference NeverWritten(string name) => new(name, "S20: what was never written is not found", answer =>
    {
        foreach (var column in answer.Names.Except(Computed).ToList())
            for (var row = 0; row < answer.Rows; row++)
                if (answer.Values(column)[row] is null && (string)answer.Times(column)[row]! == "1970-01-01T00:00:00Z") answer.Statuses(column)[row] = "NOT_FOUND";
    });

    static Difference Answers(string name, string rule, string answer) => new(name, rule, null, 200, answer);

    static Difference Refused(string name, string rule, int status, string says) => new(name, rule, null, status, says);

    public static readonly IReadOnlyList<Difference> All =
    [
        // What the rules say of the data
        new("scalar-types-batch", "S1: no fraction of a second is lost (r-4)", Time(2, "2026-02-11T00:00:00.123456Z")),
        new("scalar-types-batch", "S1: no fraction of a second is lost (r-5)", Time(3, "2026-02-11T00:00:00.005Z")),
        new("scalar-types-batch", "S2: an int64 keeps its digits beside a null (r-2)", Value("loans_total", 1, "9007199254740995")),
        new("scalar-types-batch", "S3: negative zero is zero (r-5)", Value("fine_due", 3, "0.0")),
        new("scalar-types-batch", "S3: negative zero is zero (r-5)", Value("score", 3, "0.0")),
        new("list-types", "S3: negative zero is zero, in lists too", Value("taste", 0, "[0.10000000149011612, 0.20000000298023224, 0.0]")),
        new("non-finite", "S3: what is not finite is null", Value("score", 0, "null")),
        new("non-finite", "S3: what is not finite is null", Value("fine_due", 1, "null")),
        new("non-finite", "S20: a stored null is no value", NullValues),
        new("nulls-in-newest-row", "S20: a null timestamp is null, not a number", Value("last_visit", 0, "null")),
        new("nulls-in-newest-row", "S20: a stored null is no value", NullValues),
        new("list-empty-and-null", "S20: a stored null is no value; an empty list is one", NullValues),
        new("int64-key", "S20: a stored null is no value", NullValues),
        new("int32-key", "S20: a stored null is no value", NullValues),
        new("ttl-expired", "S5: 32 days old, ttl 3d", TooOldRow("tier", 0)),
        new("ttl-mixed", "S5: 32 days old, ttl 3d", TooOldRow("tier", 1)),
        new("int64-key", "S5: 18 and 30 hours old, ttl 12h", TooOld("visitors", "occupancy")),
        new("int64-key-beyond-2-53", "S5: 30 hours old, ttl 12h", TooOld("visitors")),
        new("int64-key-as-string", "S5: 18 hours old, ttl 12h", TooOld("visitors")),
        new("int64-key-as-float", "S5: 18 hours old, ttl 12h", TooOld("visitors")),
        new("int32-key", "S5: 36 hours old, ttl 24 hours and 1.5 seconds", TooOld("uptime", "jams")),
        new("service-two-keys", "S5: 18 hours old, ttl 12h", TooOld("visitors", "occupancy")),
        new("service-wins", "S5: 18 hours old, ttl 12h", TooOld("visitors", "occupancy")),
        new("entity-name-instead-of-join-key", "S5: 18 hours old, ttl 12h", TooOld("visitors")),

        // On-demand features
        new("service", "S20: a computed null is no value", NullValues),
        new("on-demand-pandas-nulls", "S20: a computed null is no value", NullValues),
        new("on-demand-pandas-division-by-zero", "S20: a computed null is no value", NullValues),
        new("on-demand-python-nulls", "S20: a computed null is no value", NullValues),
        new("on-demand-null-request-data", "S20: a computed null is no value", NullValues),
        Answers("on-demand-python-half-request-data", "a field that nothing asked for reads is not needed", """{"results":[{"values":["r-1"],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z"]},{"values":[120],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z"]}],"metadata":{"feature_names":["reader_id","pages_owed"]}}"""),
        Refused("on-demand-missing-request-data", "the same class; the names in their own order", 404, "RequestDataNotFoundInEntityRowsException"),
        Refused("on-demand-wrong-type", "S2, a mistake of the caller", 400, "entities[0].days_late is the text \"three\"; it is int64"),

        // Keys
        Refused("int64-key-as-fraction", "S4: 1.5 is no whole number", 400, "entities[0].branch_no is the number 1.5; it is int64"),
        Refused("int64-key-as-bool", "S4: true is no whole number", 400, "entities[0].branch_no is true; it is int64"),
        Refused("int64-key-too-big", "S4, a mistake of the caller", 400, "entities[0].branch_no is the number 9223372036854775808; it is int64"),
        Refused("int32-key-too-big", "S4, a mistake of the caller", 400, "entities[0].kiosk is the number 2147483648; it is int32"),
        Refused("string-key-as-object", "S4, a mistake of the caller", 400, "entities[0].reader_id is an object; it is a string"),
        Answers("null-key", "S4: a null key matches nothing", """{"results":[{"values":[null],"statuses":["NULL_VALUE"],"event_timestamps":["1970-01-01T00:00:00Z"]},{"values":[null],"statuses":["NOT_FOUND"],"event_timestamps":["1970-01-01T00:00:00Z"]}],"metadata":{"feature_names":["reader_id","tier"]}}"""),
        Answers("null-key-among-others", "S4: a null key matches nothing and leaves the others alone", """{"results":[{"values":["r-1",null,"r-2"],"statuses":["PRESENT","NULL_VALUE","PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z","1970-01-01T00:00:00Z","1970-01-01T00:00:00Z"]},{"values":["gold",null,"corrected"],"statuses":["PRESENT","NOT_FOUND","PRESENT"],"event_timestamps":["2026-02-11T08:00:00Z","1970-01-01T00:00:00Z","2026-02-11T10:00:00Z"]}],"metadata":{"feature_names":["reader_id","tier"]}}"""),
        Refused("composite-key-half-missing", "S4: half of a key is none", 400, "entities[0] lacks 'slot_no'"),
        Refused("missing-join-key", "a mistake of the caller", 400, "entities[0] lacks 'reader_id'"),
        Refused("no-entity-view", "how many rows is not said", 400, "no entity rows"),
        Refused("empty-entities", "a mistake of the caller", 400, "no entity rows"),
        Refused("zero-rows", "a mistake of the caller", 400, "no entity rows"),
        Refused("ragged-entities", "a mistake of the caller", 400, "All entity rows must have the same columns: 'slot_no' has 1 values, the columns before it 2."),
        Refused("ragged-extra-column", "a mistake of the caller", 400, "All entity rows must have the same columns: 'days_late' has 1 values"),

        // What is asked for
        Refused("same-feature-twice", "a mistake of the caller", 400, "FeatureNameCollisionError"),
        Refused("name-collision", "branch_archive says online: false", 400, "View 'branch_archive@1.0.0' is not served online"),
        Refused("name-collision-full-names", "branch_archive says online: false", 400, "View 'branch_archive@1.0.0' is not served online"),
        Refused("offline-only-view", "branch_archive says online: false", 400, "View 'branch_archive@1.0.0' is not served online"),
        Answers("service-alias", "a view beside an alias of itself is two lookups", """{"results":[{"values":["r-1"],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z"]},{"values":["r-2"],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z"]},{"values":["gold"],"statuses":["PRESENT"],"event_timestamps":["2026-02-11T08:00:00Z"]},{"values":["corrected"],"statuses":["PRESENT"],"event_timestamps":["2026-02-11T10:00:00Z"]},{"values":[1e+300],"statuses":["PRESENT"],"event_timestamps":["2026-02-11T10:00:00Z"]}],"metadata":{"feature_names":["reader_id","friend_id","reader_profile__tier","friend__tier","friend__score"]}}"""),
        Refused("service-two-aliases-short-names", "a mistake of the caller", 400, "FeatureNameCollisionError"),
        Refused("service-alias-short-names", "a mistake of the caller", 400, "FeatureNameCollisionError"),
        Refused("unknown-feature", "a mistake of the caller", 404, "View 'reader_profile@1.0.0' has no feature 'height'"),
        Refused("unknown-view", "the same class; our words say what there is", 404, "FeatureViewNotFoundException"),
        Refused("unknown-service", "the same class; our words say what there is", 404, "FeatureServiceNotFoundException"),
        Refused("feature-without-view", "a mistake of the caller", 400, "Invalid feature reference 'tier'"),
        Refused("feature-two-colons", "a mistake of the caller", 400, "Invalid feature reference 'reader_profile:tier:x'"),
        Refused("feature-empty-string", "a mistake of the caller", 400, "Invalid feature reference ''"),
        Refused("feature-with-version", "S24: there is no version 0", 404, "has no version 0"),
        Refused("no-features", "a mistake of the caller", 400, "No features specified for retrieval"),
        Refused("features-left-out", "a mistake of the caller", 400, "No features specified for retrieval"),
        new("version-metadata", "S24: the version is told", answer => answer.Metadata["feature_view_metadata"]![0]!["version"] = 1),

        // Form
        Refused("malformed-json", "the same, but for the words of the parser", 422, "\"json_invalid\""),
        Refused("wrong-path", "paths that are not Feast's answer with problem details", 404, "There is nothing at /get-features"),
        Refused("root", "paths that are not Feast's answer with problem details", 404, "There is nothing at /"),
        Answers("trailing-slash", "served in place instead of a redirect", """{"results":[{"values":["r-1"],"statuses":["PRESENT"],"event_timestamps":["1970-01-01T00:00:00Z"]},{"values":["gold"],"statuses":["PRESENT"],"event_timestamps":["2026-02-11T08:00:00Z"]}],"metadata":{"feature_names":["reader_id","tier"]}}"""),
    ];

    /// <summary>Of the recorded writes and of the reads after them.</summary>
    public static readonly IReadOnlyList<Difference> Writes =
    [
        new("push-same-time-later-created-read", "S6, S7: of one instant the row that was created later counts", answer => (answer.Values("pace")[0], answer.Values("pages_today")[0]) = (JsonNode.Parse("0.20000000298023224"), 2)),
        new("push-nulls-read", "S7: a row of nulls is a row", answer =>
        {
            foreach (var column in new[] { "pace", "pages_today" }) (answer.Statuses(column)[0], answer.Times(column)[0]) = ("NULL_VALUE", "2026-02-12T00:00:00Z");
        }),
        Refused("push-null-key", "S4, a mistake of the caller", 400, "Row 0: there is no 'reader_id': an event needs its key."),
        Refused("push-without-created", "a mistake of the caller", 400, "The df has no column 'created'"),
        Refused("push-without-timestamp", "a mistake of the caller", 400, "The df has no column 'event_timestamp'"),
        Refused("push-without-feature", "a mistake of the caller", 400, "The df has no column 'pace'"),
        Refused("push-without-key", "a mistake of the caller", 400, "The df has no column 'reader_id'"),
        Refused("push-wrong-type", "S2, a mistake of the caller", 400, "does not convert to int64 without loss"),
        Refused("push-bad-timestamp", "S1, a mistake of the caller", 400, "does not convert to timestamp without loss"),
        Refused("push-ragged", "a mistake of the caller", 400, "All arrays must be of the same length"),
        Refused("push-unknown-source", "the same class; our words say what there is", 422, "PushSourceNotFoundException"),
        Refused("push-bad-to", "the same, as a mistake of the caller", 400, "nowhere is not a supported push format"),
        new("push-offline-read", "S22: what is logged is served", answer =>
        {
            (answer.Values("pace")[0], answer.Values("pages_today")[0]) = (1.5, 1);
            foreach (var column in new[] { "pace", "pages_today" }) (answer.Statuses(column)[0], answer.Times(column)[0]) = ("PRESENT", "2026-02-12T00:00:00Z");
        }),
        Refused("push-malformed", "the same, but for the words of the parser", 422, "\"json_invalid\""),
        Refused("write-source-columns", "a mistake of the caller", 400, "The df has no column 'visitors'"),
        new("write-two-rows-read", "S20: a stored null is no value", NullValues),
        new("write-lists-read", "S1, S2: bytes and instants come as texts, so the first row was taken", answer =>
        {
            foreach (var (column, json) in new[]
            {
                ("taste", "[0.5,0.10000000149011612]"), ("genres", "[\"x\",\"y\"]"), ("recent_ids", "[1,2]"), ("weights", "[0.1]"), ("shelf_codes", "[1]"), ("flags", "[true]"),
                ("visits", "[1770854400]"), ("stamps", "[\"AAE=\"]"),
            }) (answer.Values(column)[0], answer.Statuses(column)[0], answer.Times(column)[0]) = (JsonNode.Parse(json), "PRESENT", "2026-02-12T00:00:00Z");
        }),
        Answers("write-bytes-and-lists", "S1, S2: bytes are base64, instants RFC 3339", "null"),
        Refused("write-unknown-view", "the same class; our words say what there is", 404, "FeastObjectNotFoundException"),
        Refused("write-wrong-type", "S2, a mistake of the caller", 400, "does not convert to int64 without loss"),

        // Runs: what a run reads again shows nowhere (S7)
        new("materialize-read", "S5: 18 hours old, ttl 12h", TooOld("visitors")),
        new("materialize-again-read", "S5: 18 hours old, ttl 12h", TooOld("visitors")),
        new("materialize-no-rows-read", "S5: 18 hours old, ttl 12h", TooOld("visitors")),
        new("materialize-null-created-read", "S5: 36 hours old, ttl 1d", TooOld("coins")),
        Refused("materialize-start-after-end", "a mistake of the caller", 400, "start_ts (2026-03-01T00:00:00Z) must be before end_ts (2026-02-01T00:00:00Z)"),
        Refused("materialize-start-is-end", "a mistake of the caller", 400, "start_ts (2026-02-01T00:00:00Z) must be before end_ts (2026-02-01T00:00:00Z)"),
        Refused("materialize-unknown-view", "the same class; our words say what there is", 404, "FeatureViewNotFoundException"),
        Refused("materialize-offline-view", "a mistake of the caller", 400, "FeatureView branch_archive is not configured to be served online: 'branch_archive@1.0.0' says 'online: false'."),
        Refused("materialize-no-end", "a mistake of the caller", 400, "start_ts and end_ts are required"),
        Refused("materialize-bad-time", "a mistake of the caller", 400, "Invalid timestamp format: start_ts is 'soon'. Write it like"),
        Refused("materialize-empty-object", "a mistake of the caller", 400, "start_ts and end_ts are required"),
        Refused("materialize-incremental-bad-time", "a mistake of the caller", 400, "Invalid timestamp format: end_ts is 'soon'. Write it like"),
        Refused("materialize-incremental-unknown-view", "the same class; our words say what there is", 404, "FeatureViewNotFoundException"),
    ];
}
