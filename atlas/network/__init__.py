"""Networks: loading, weights, the graph, and what makes a forward pass cheap and exact."""
