using Lockstep.Core;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>What the system says about a file, in words that name it.</summary>
static class TextFaults
{
    public static T Guard<T>(TableInput table, TableFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{table.Name}: {file.Path} is missing.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LockstepException(ErrorKind.Failed, $"{table.Name}: {file.Path} {(Directory.Exists(file.Path) ? "is a folder, not a file" : "cannot be read: access is denied")}.", e);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new LockstepException(ErrorKind.Failed, $"{table.Name}: {file.Path} cannot be read: {e.Message}", e);
        }
    }
}
