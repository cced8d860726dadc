/** The steps of workloads/gcbench.cpp: GCBench (Boehm, after Ellis and Kovac) with its constants. */
final class GcBench {
  private static final int STRETCH = 18;
  private static final int LONG_LIVED = 16;
  private static final int ARRAY = 500_000;

  private static final class Node {
    Node left;
    Node right;
    int i;
    int j;

    Node() {}

    Node(Node left, Node right) {
      this.left = left;
      this.right = right;
    }
  }

  private static int nodes(int depth) {
    return (2 << depth) - 1;
  }

  private static void populate(int depth, Node node) {
    if (depth > 0) {
      node.left = new Node();
      node.right = new Node();
      populate(depth - 1, node.left);
      populate(depth - 1, node.right);
    }
  }

  private static Node make(int depth) {
    return depth == 0 ? new Node() : new Node(make(depth - 1), make(depth - 1));
  }

  private static Node last;  // so that no tree is optimised away

  public static void main(String[] args) {
    last = make(STRETCH);
    last = null;
    final Node longLived = new Node();
    populate(LONG_LIVED, longLived);
    final double[] array = new double[ARRAY];
    for (int i = 1; i < ARRAY / 2; i++) {
      array[i] = 1.0 / i;
    }
    for (int depth = 4; depth <= LONG_LIVED; depth += 2) {
      final int iterations = 2 * nodes(STRETCH) / nodes(depth);
      for (int i = 0; i < iterations; i++) {
        last = new Node();
        populate(depth, last);
        last = null;
      }
      for (int i = 0; i < iterations; i++) {
        last = make(depth);
        last = null;
      }
    }
    if (longLived.left == null || array[1000] != 1.0 / 1000) {
      throw new IllegalStateException("what lives long was lost");
    }
  }
}
