using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving;

namespace Lockstep.Runtime.History;

/// <summary>What became of an event or a row in a value.</summary>
public enum EventFate
{
    // Shown and counted by these names, in snake_case.

    /// <summary>It is in the window.</summary>
    Counts,

    /// <summary>It is the newest row (S6): the value is its.</summary>
    Wins,

    /// <summary>In the window, with a null where the function reads (S12).</summary>
    NullValue,

    /// <summary>The filter of the source or the view left it out.</summary>
    Filtered,

    /// <summary>The feature's own filter left it out.</summary>
    FeatureFiltered,

    /// <summary>Streamed, and before the end of the table: only the table can bring it in (S25).</summary>
    BeforeEnd,

    /// <summary>A row of the table at or after its end: from there on the log is the truth (S25).</summary>
    AfterEnd,

    BeforeWindow,
    AfterWindow,

    /// <summary>Its event timestamp is older than the winner's.</summary>
    OlderEvent,

    /// <summary>Of the same event timestamp, and created earlier.</summary>
    OlderCreated,

    /// <summary>Of the same timestamps, and its values are the lesser ones in schema order.</summary>
    LesserValues,

    /// <summary>The same in all that decides.</summary>
    SameRow,

    /// <summary>Older than the ttl.</summary>
    TooOld,

    /// <summary>Later than the instant.</summary>
    AfterInstant,
}

/// <summary>Where an event or row stands.</summary>
/// <param name="File">Relative to the project where it is inside.</param>
/// <param name="Row">Its number in the file, from 1.</param>
/// <param name="Partition">Of the event log; null: it is a row of the table.</param>
/// <param name="Place">In the partition.</param>
/// <param name="IngestedAt">When it was logged.</param>
public sealed record RowPlace(string File, long Row, long? Partition, long? Place, long? IngestedAt)
{
    public bool IsStreamed => Partition is not null;
}

/// <summary>One event or row of the key.</summary>
public sealed record LineageEvent(EventFate Fate, long EventTimestamp, long? Created, IReadOnlyList<KeyValuePair<string, Value>> Values, RowPlace Place);

/// <summary>A window as of the instant (S9): <c>From &lt;= event timestamp &lt; To</c>.</summary>
/// <param name="Name">As declared.</param>
/// <param name="From">floor(t - delay - w, hop); null: no lower end.</param>
/// <param name="To">t, or with a delay floor(t - delay, hop).</param>
/// <param name="Hop">Microseconds.</param>
public sealed record LineageWindow(string Name, long? From, long To, long Hop);

/// <summary>What made a value, and whether it is what serving says.</summary>
public sealed record LineageReport
{
    public required string View { get; init; }
    public required string Feature { get; init; }
    public required FeatureType Type { get; init; }
    public required IReadOnlyList<KeyValuePair<string, Value>> Key { get; init; }
    public required long At { get; init; }

    /// <summary>By what it is computed, for people: a function over a column, an expression; null: it is read as it is called.</summary>
    public string? Computed { get; init; }

    /// <summary>Of windows the one, and of a ratio the second; empty for values and expressions.</summary>
    public IReadOnlyList<LineageWindow> Windows { get; init; } = [];

    /// <summary>Microseconds; 0: none.</summary>
    public long Delay { get; init; }

    /// <summary>Where the table ends and the log begins (S25); null: there is one of them, or rows of both are taken together.</summary>
    public long? End { get; init; }

    /// <summary>Microseconds; 0: none.</summary>
    public long Ttl { get; init; }

    /// <summary>Events of the key by what became of them. Around the window, or before the ttl, those of the same length again.</summary>
    public IReadOnlyDictionary<EventFate, long> Counts { get; init; } = new SortedDictionary<EventFate, long>();

    /// <summary>The newest that lie within, and the nearest around; newest first.</summary>
    public IReadOnlyList<LineageEvent> Events { get; init; } = [];

    /// <summary>Of an on-demand feature the stored features that it reads.</summary>
    public IReadOnlyList<LineageReport> Inputs { get; init; } = [];

    /// <summary>Of an on-demand feature the fields of the request.</summary>
    public IReadOnlyList<KeyValuePair<string, Value>> Request { get; init; } = [];

    /// <summary>Computed from these events alone, one by one; the default stands for null.</summary>
    public required Value Value { get; init; }

    public required FeatureStatus Status { get; init; }

    /// <summary>Of a value view that of its row, or of the newest that is too old.</summary>
    public long? EventTimestamp { get; init; }

    /// <summary>What <c>get --at</c> says.</summary>
    public required ServedValue Served { get; init; }

    /// <summary>Both are the same, bit for bit.</summary>
    public bool IsEqual => Value == Served.Value && Status == Served.Status && (Windows.Count > 0 || EventTimestamp == Served.EventTimestamp) && Inputs.All(i => i.IsEqual);

    /// <summary>The value without the default.</summary>
    internal Value Raw { get; init; }
}
