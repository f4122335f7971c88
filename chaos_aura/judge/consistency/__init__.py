"""Whether operations that each took effect at one moment between call and answer explain a history."""
