namespace Lockstep.Runtime.History;

/// <summary>Of any number of events the greatest few by an order, which decides between all of them.</summary>
sealed class NearestEvents<T>(int count, IComparer<T> order)
{
    readonly PriorityQueue<T, T> _kept = new(order); // the least first

    public void Offer(T one)
    {
        if (count == 0 || _kept.Count == count && order.Compare(one, _kept.Peek()) <= 0) return;
        _kept.Enqueue(one, one);
        if (_kept.Count > count) _kept.Dequeue();
    }

    /// <summary>The greatest first.</summary>
    public IReadOnlyList<T> Kept => [.. _kept.UnorderedItems.Select(i => i.Element).OrderDescending(order)];
}
