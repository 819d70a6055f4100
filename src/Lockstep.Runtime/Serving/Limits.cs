using Lockstep.Core;

namespace Lockstep.Runtime.Serving;

/// <summary>The names of limits as <c>lockstep.yaml</c> writes them under <c>server:</c>.</summary>
public static class Limits
{
    public const string MaxRequestBytes = "max_request_bytes";
    public const string MaxSpineBytes = "max_spine_bytes";
    public const string MaxEntities = "max_entities";
    public const string MaxFeatures = "max_features";
    public const string MaxEventBytes = "max_event_bytes";
    public const string MaxPushBytes = "max_push_bytes";
}

/// <summary>A request over a limit; the message names the limit and its value.</summary>
public sealed class LimitException(string limit, long value, string found)
    : LockstepException(ErrorKind.BadArguments, $"{found}; the limit is {value} ({limit}, set in {Core.Definitions.ProjectSettings.FileName} under server). Send less at a time, or raise it.")
{
    public string Limit { get; } = limit;
    public long Value { get; } = value;
}
