using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.DuckDb.Native;
using Lockstep.Runtime.Engine;

namespace Lockstep.DuckDb.Engine.Scan;

/// <summary>Turns a failed reading into a message that names the file and what is wrong with it.</summary>
internal static class FileFaults
{
    public static LockstepException Missing(TableInput table, TableFile file)
        => new(ErrorKind.Failed, $"{table.Name}: {file.Path} is missing.");

    /// <summary>Looks at the files themselves first, because DuckDB's message may name none of them.</summary>
    public static LockstepException Explain(TableInput table, DuckDbException error)
    {
        foreach (var file in table.Files)
            if (Look(file.Path, table.Format) is { } fault)
                return new LockstepException(ErrorKind.Failed, $"{table.Name}: {file.Path} {fault}.", error);
        var files = table.Files.Count == 1 && !error.Message.Contains(table.Files[0].Path, StringComparison.Ordinal) ? $"{table.Files[0].Path}: " : "";
        return new LockstepException(ErrorKind.Failed, $"{table.Name}: {files}{error.Message}", error);
    }

    static string? Look(string path, TableFormat format)
    {
        try
        {
            if (Directory.Exists(path)) return "is a folder, not a file";
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            if (stream.Length == 0) return "is empty";
            if (format is not (TableFormat.Parquet or TableFormat.Delta)) return null;
            Span<byte> magic = stackalloc byte[4];
            if (stream.Length < 12) return "is not Parquet: it is too short";
            stream.ReadExactly(magic);
            if (!magic.SequenceEqual("PAR1"u8) && !magic.SequenceEqual("PARE"u8)) return "is not Parquet: it does not begin with PAR1";
            stream.Seek(-4, SeekOrigin.End);
            stream.ReadExactly(magic);
            return magic.SequenceEqual("PAR1"u8) || magic.SequenceEqual("PARE"u8) ? null : "is truncated: Parquet ends with PAR1";
        }
        catch (FileNotFoundException)
        {
            return "is missing";
        }
        catch (DirectoryNotFoundException)
        {
            return "is missing: there is no such folder";
        }
        catch (UnauthorizedAccessException)
        {
            return "cannot be read: access is denied";
        }
        catch (IOException e)
        {
            return $"cannot be read: {e.Message.TrimEnd('.')}";
        }
    }
}
