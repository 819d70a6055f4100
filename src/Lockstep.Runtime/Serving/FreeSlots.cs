namespace Lockstep.Runtime.Serving;

/// <summary>Keeps what is costly to make from one use to the next, without a lock: an exchange takes or leaves one.</summary>
sealed class FreeSlots<T>(int size) where T : class
{
    readonly T?[] _items = new T?[size];

    public T? Take()
    {
        for (var i = 0; i < _items.Length; i++)
            if (_items[i] is not null && Interlocked.Exchange(ref _items[i], null) is { } item) return item;
        return null;
    }

    public void Leave(T item)
    {
        for (var i = 0; i < _items.Length; i++)
            if (_items[i] is null && Interlocked.CompareExchange(ref _items[i], item, null) is null) return;
    }
}
