"""Text that is nothing but marks costs no more than its length."""

import time

from codewarrant.extract.sentences import find_sentences


def test_a_line_of_dots_grows_linearly():
    def seconds(count):
        start = time.process_time()
        find_sentences("." * count, frozenset())
        return time.process_time() - start

    seconds(1_000)
    assert seconds(400_000) < 400 * max(seconds(10_000), 0.0005)
