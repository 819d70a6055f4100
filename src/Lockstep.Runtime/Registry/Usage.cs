using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>Who reads what among a set of objects.</summary>
internal sealed class Usage
{
    readonly Dictionary<ObjectKey, List<User>> _direct = [];

    public readonly record struct User(ObjectKey Key, string Text);

    public Usage(IReadOnlyDictionary<ObjectKey, ObjectRecord> objects)
    {
        foreach (var record in objects.Values.OrderBy(r => r.Key))
        {
            if (record.Key.Category == ObjectCategory.Transformation)
            {
                var inputs = BoundJson.ReadTransformation(record).Inputs;
                var user = new User(record.Key, $"{record.Kind} {record.Key}");
                foreach (var read in BoundJson.ReadsOf(inputs).Concat(Constants(inputs))) Add(read, user);
            }
            else if (record.Key.Category == ObjectCategory.View)
            {
                var view = BoundJson.ReadView(record);
                var user = new User(record.Key, $"{record.Kind} {record.Key}");
                foreach (var source in view.Sources.Keys) Add(new(ObjectCategory.Source, source, ""), user);
                foreach (var read in BoundJson.ReadsOf(view).Concat(Constants(view))) Add(read, user);
                foreach (var entity in view.View.Entities) Add(new(ObjectCategory.Entity, entity, ""), user);
            }
            else if (record.Key.Category == ObjectCategory.Service)
            {
                var service = (FeatureService)DefinitionJson.Read(record.Definition);
                var user = new User(record.Key, $"feature_service {record.Key}{(service.Model is null ? "" : $" (model {service.Model})")}");
                foreach (var pin in BoundJson.ReadPins(record.Bound).Distinct()) Add(pin, user);
            }
        }

        // Who uses a fit uses the version of the transformation that it is of.
        IEnumerable<ObjectKey> Constants(ViewVersion view)
        {
            foreach (var used in BoundJson.ConstantsOf(view))
            {
                yield return used;
                if (used.Category == ObjectCategory.Fit && objects.TryGetValue(used, out var record))
                    yield return new(ObjectCategory.Transformation, used.Name, ((Fit)DefinitionJson.Read(record.Definition)).Transformation.ToString());
            }
        }
    }

    /// <summary>Among what is active.</summary>
    public static Usage Of(RegistrySnapshot snapshot) => new(snapshot.Objects.Where(o => o.IsActive).ToDictionary(o => o.Key, o => o.Record));

    /// <summary>Everything that is used, with who uses it directly.</summary>
    public IEnumerable<(ObjectKey Key, IReadOnlyList<User> Users)> All => _direct.Select(d => (d.Key, (IReadOnlyList<User>)d.Value));

    public IReadOnlyList<User> DirectlyOf(ObjectKey key) => _direct.TryGetValue(key, out var users) ? users : [];

    /// <summary>Direct users and what uses them in turn, each once.</summary>
    public IReadOnlyList<string> Of(ObjectKey key)
    {
        List<string> all = [];
        foreach (var user in DirectlyOf(key))
            foreach (var text in Of(user.Key).Prepend(user.Text))
                if (!all.Contains(text)) all.Add(text);
        return all;
    }

    void Add(ObjectKey used, User user)
    {
        if (!_direct.TryGetValue(used, out var users)) _direct.Add(used, users = []);
        users.Add(user);
    }
}
