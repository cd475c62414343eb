// This room is not built yet.
