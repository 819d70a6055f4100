using System.Globalization;

namespace Lockstep.Bench;

static class Arguments
{
    /// <summary>The number behind a name: <c>--users 500</c>.</summary>
    public static int Option(this string[] args, string name, int otherwise)
        => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
