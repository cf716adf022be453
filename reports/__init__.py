"""What is told: reports made from the store and the evidence only."""
