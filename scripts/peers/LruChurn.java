/** The steps of workloads/lru_churn.cpp: slots of 64 to 1024 bytes, a random one replaced each time. */
final class LruChurn {
  private static final int LEAST = 64;
  private static final int MOST = 1024;

  private long state = 0x9E3779B97F4A7C15L;

  private int below(int limit) {  // xorshift64*
    state ^= state >>> 12;
    state ^= state << 25;
    state ^= state >>> 27;
    return (int) ((((state * 0x2545F4914F6CDD1DL) >>> 32) * limit) >>> 32);
  }

  private byte[] buffer() {
    final byte[] made = new byte[LEAST + below(MOST - LEAST + 1)];
    made[0] = 1;
    return made;
  }

  private void run(int slots, int replacements) {
    final byte[][] table = new byte[slots][];
    for (int i = 0; i < slots; i++) {
      table[i] = buffer();
    }
    for (int i = 0; i < replacements; i++) {
      final byte[] made = buffer();
      table[below(slots)] = made;
    }
    for (final byte[] buffer : table) {
      if (buffer[0] != 1) {
        throw new IllegalStateException("a buffer was lost");
      }
    }
  }

  public static void main(String[] args) {
    new LruChurn().run(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
  }
}
