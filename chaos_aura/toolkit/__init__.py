"""Where chaos-aura meets Chaos Toolkit. The only room that imports chaoslib."""
