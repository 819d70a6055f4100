using System.CommandLine;
using System.CommandLine.Parsing;
using Lockstep.Core;

namespace Lockstep.Cli;

/// <summary>Symbols that take one of some words: completed, checked, and answered with the nearest word.</summary>
internal static class Choices
{
    public static Option<string> OneOf(this Option<string> option, params string[] words)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result => Check(result, option.Name, words, result.Tokens));
        return option;
    }

    public static Argument<string> OneOf(this Argument<string> argument, params string[] words)
    {
        argument.CompletionSources.Add(words);
        argument.Validators.Add(result => Check(result, argument.Name, words, result.Tokens));
        return argument;
    }

    static void Check(SymbolResult result, string symbol, string[] words, IReadOnlyList<Token> tokens)
    {
        foreach (var token in tokens)
            if (!words.Contains(token.Value, StringComparer.Ordinal))
                result.AddError($"'{token.Value}' is none of the words for {symbol}: {string.Join(", ", words)}.{(NearestName.Find(token.Value, words) is { } near ? $" Did you mean '{near}'?" : "")}");
    }
}
