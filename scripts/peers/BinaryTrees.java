/** The steps of workloads/binary_trees.cpp: a node is a header and two references. */
final class BinaryTrees {
  private static final int LEAST_DEPTH = 4;

  private static final class Node {
    final Node left;
    final Node right;

    Node(Node left, Node right) {
      this.left = left;
      this.right = right;
    }

    int count() {
      return 1 + (left == null ? 0 : left.count()) + (right == null ? 0 : right.count());
    }
  }

  private static Node make(int depth) {
    return depth == 0 ? new Node(null, null) : new Node(make(depth - 1), make(depth - 1));
  }

  private static void check(Node tree, int depth) {
    if (tree.count() != (2 << depth) - 1) {
      throw new IllegalStateException("nodes were lost");
    }
  }

  public static void main(String[] args) {
    final int depth = Integer.parseInt(args[0]);
    check(make(depth + 1), depth + 1);
    final Node longLived = make(depth);
    for (int d = LEAST_DEPTH; d <= depth; d += 2) {
      final int iterations = 1 << (depth - d + LEAST_DEPTH);
      for (int i = 0; i < iterations; i++) {
        check(make(d), d);
      }
    }
    check(longLived, depth);
  }
}
