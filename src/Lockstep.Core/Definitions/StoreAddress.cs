using System.Text.RegularExpressions;

namespace Lockstep.Core.Definitions;

/// <summary>Addresses of stores as they may be printed.</summary>
public static partial class StoreAddress
{
    /// <summary>
    /// Without what opens the store: the password before the last <c>@</c> (all of it where there is no user), and settings of a
    /// query or connection text whose names speak of a password, secret, token, key or signature. Rather too much than too little.
    /// </summary>
    public static string Redact(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        var at = address.LastIndexOf('@');
        if (scheme > 0 && at > scheme)
        {
            var user = address[(scheme + 3)..at];
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            address = $"{address[..(scheme + 3)]}{(colon > 0 ? user[..(colon + 1)] : "")}***{address[at..]}";
        }
        return Secrets().Replace(address, "$1***");
    }

    [GeneratedRegex("""((?:^|[?&;, ])[a-z_.-]*(?:password|passwd|pwd|secret|token|key|signature|credential)[a-z_.-]*\s*=\s*)('[^']*'|"[^"]*"|[^&;,\s]*)""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Secrets();
}
