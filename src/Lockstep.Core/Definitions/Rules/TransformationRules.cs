using Lockstep.Core.Definitions.Yaml;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Definitions;

/// <summary>What must hold of a transformation by itself.</summary>
internal static class TransformationRules
{
    public static void Check(Transformation transformation, ProblemList problems)
    {
        var what = $"transformation '{transformation.Name}'";
        if (FunctionCatalog.IsTaken(transformation.Name))
            problems.Error(transformation.At("name"), $"{MapReader.Upper(what)} has the name of a function of the language, which expressions could not call any more. Choose another.");
        foreach (var column in transformation.Columns)
            DefinitionRules.Name(column.Name, $"the column '{column.Name}' of {what}", transformation.KeyAt($"columns.{column.Name}"), problems);
        foreach (var twice in DefinitionRules.Twice(transformation.Columns.Select(c => c.Name)))
            problems.Error(transformation.At("columns"), $"{MapReader.Upper(what)} names the column '{twice}' twice.");
        foreach (var reserved in transformation.Columns.Where(c => c.Name is Transformation.InputFeature or Transformation.TargetFeature))
            problems.Error(transformation.KeyAt($"columns.{reserved.Name}"), $"The column '{reserved.Name}' of {what} has the name of one of its own keys. Choose another.");
        if (transformation.Fit.Length == 0) return;
        if (FitMethods.Find(transformation.Fit) is not { } method)
        {
            problems.Error(transformation.At("fit"), $"'fit' of {what} is '{transformation.Fit}'.{NearestName.Hint(transformation.Fit, FitMethods.All.Select(f => f.Name), "What can be fitted")}");
            return;
        }
        if (method.NeedsTarget && transformation.Target is null && !transformation.Incomplete) problems.Error(transformation.At("fit"), $"{MapReader.Upper(what)} lacks 'target', whose mean encodes a category.");
        if (!method.NeedsTarget && transformation.Target is not null) problems.Error(transformation.KeyAt("target"), $"'target' of {what} is not used by '{method.Name}'.");
        foreach (var (name, text) in transformation.Parameters)
            if (method.Parameters.FirstOrDefault(p => p.Name == name) is not { } parameter)
                problems.Error(transformation.KeyAt(name), $"'{name}' of {what} is not used by '{method.Name}'.{(method.Parameters.Count == 0 ? " It has no parameters." : $" Its parameters: {string.Join(", ", method.Parameters.Select(p => p.Name))}.")}");
            else if (!parameter.Check(text)) problems.Error(transformation.At(name), $"'{name}' of {what} is '{text}'. It must be {parameter.Expected}.");
    }
}

/// <summary>What must hold of a lookup table by itself.</summary>
internal static class LookupTableRules
{
    public static void Check(LookupTable table, ProblemList problems)
    {
        var what = $"lookup table '{table.Name}'";
        if (table.Key.Count == 0 && !table.Incomplete) problems.Error(table.At("key"), $"{MapReader.Upper(what)} has no key. Name at least one column with its type, like {{ airport: string }}.");
        if (table.Columns.Count == 0 && !table.Incomplete) problems.Error(table.At("columns"), $"{MapReader.Upper(what)} has no columns to look up.");
        foreach (var key in table.Key.Where(k => !k.Type.IsKey))
            problems.Error(table.At($"key.{key.Name}"), $"The key '{key.Name}' of {what} is of type {key.Type}. Keys are string, int32, int64, bytes or bool.");
        foreach (var twice in DefinitionRules.Twice(table.Key.Select(k => k.Name).Concat(table.Columns.Select(c => c.Name))))
            problems.Error(table.Location, $"{MapReader.Upper(what)} names the column '{twice}' twice.");
        foreach (var column in table.Columns)
        {
            var place = table.KeyAt($"columns.{column.Name}");
            DefinitionRules.Name(column.Name, $"the column '{column.Name}' of {what}", place, problems);
            if (!DefinitionRules.Fits(column.Default, column.Type))
                problems.Error(table.At($"columns.{column.Name}.default"), $"The default {column.Default} of column '{column.Name}' of {what} is not a value of type {column.Type}, {ValueText.Expected(column.Type)}.");
        }
        if (table.Path.Contains("://", StringComparison.Ordinal))
            problems.Error(table.At("table.path"), $"{MapReader.Upper(what)} is at '{StoreAddress.Redact(table.Path)}'. Tables outside of the local disk are not read by this version.");
    }
}
