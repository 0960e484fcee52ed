// Nothing but Node: says that it has started, and lives as long as its channel.
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, value: null });
