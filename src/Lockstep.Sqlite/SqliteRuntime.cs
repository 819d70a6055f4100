using Lockstep.Core;

namespace Lockstep.Sqlite;

/// <summary>What everything in this project that touches SQLite shares: the native library, and SQLite's errors as our messages.</summary>
internal static class SqliteRuntime
{
    static readonly Lazy<bool> Ready = new(() =>
    {
        SQLitePCL.Batteries_V2.Init();
        return true;
    });

    /// <summary>Loads the native library, once a process. Cheap to call again.</summary>
    public static void Init() => _ = Ready.Value;

    /// <summary>The message for a primary or extended result code of SQLite and its own words; <paramref name="what"/> is what the file is: <c>registry</c>, <c>online store</c>.</summary>
    public static LockstepException Error(int code, string message, string what, string path, Exception? inner = null)
        => new(ErrorKind.Failed, $"The {what} '{path}' " + (code & 0xFF) switch
        {
            5 or 6 => "is locked by another process. Wait until that is done, or end it, and try again. Nothing was changed.",
            8 or 3 or 23 => "cannot be written: the file or its folder is read-only. Nothing was changed.",
            13 => "cannot grow: the disk is full. Nothing was changed. Free some space and try again.",
            11 => $"is damaged ({message}). Restore it from a backup; sqlite3's .recover reads what is left.",
            26 => "is not a SQLite file. Move it away, or name another file.",
            14 => $"cannot be opened ({message}). Does its folder exist, and may this user write there?",
            10 => $"could not be read or written ({message}, code {code}). Is the disk full, or gone? Nothing was changed.",
            _ => $"failed: {message} (SQLite code {code}).",
        }, inner);
}
