/* The rings of a virtqueue (virtio 1.2, 2.7): start, take, give, interrupt. */
#include "queue.h"

/* ---- start ---- */

static void size_has_to_be_set(void **state)
{
	(void)state;
	queue.size = 0;
	assert_false(virtqueue_start(&queue, &memory));
	assert_false(queue.ready);
	assert_false(virtqueue_pop(&queue, &chain));
}

static void parts_have_to_be_aligned(void **state)
{
	(void)state;
	for (uint64_t off = 0; off <= 16; off++) {
		ring_tell(&ring, &queue);
		queue.desc_gpa += off;
		assert_int_equal(virtqueue_start(&queue, &memory),
				 off % 16 == 0);
		ring_tell(&ring, &queue);
		queue.avail_gpa += off;
		assert_int_equal(virtqueue_start(&queue, &memory),
				 off % 2 == 0);
		ring_tell(&ring, &queue);
		queue.used_gpa += off;
		assert_int_equal(virtqueue_start(&queue, &memory),
				 off % 4 == 0);
		assert_int_equal(queue.ready, off % 4 == 0);
	}
}

/* Each part may end with the RAM, with the event behind its ring; and no
 * later. */
static void parts_have_to_be_in_ram(void **state)
{
	static const uint64_t outside[] = { RAM_SIZE, RAM_SIZE + 0x1000,
					    HOLE_START, HOLE_END,
					    UINT64_MAX - 15 };
	struct {
		uint64_t *gpa, size, alignment;
	} parts[] = {
		{ &queue.desc_gpa, QUEUE_SIZE * 16, 16 },
		{ &queue.avail_gpa, 4 + QUEUE_SIZE * 2 + 2, 2 },
		{ &queue.used_gpa, 4 + QUEUE_SIZE * 8 + 2, 4 },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint64_t last = RAM_SIZE - parts[i].size;

		last -= last % parts[i].alignment;
		ring_tell(&ring, &queue);
		*parts[i].gpa = last;
		assert_true(virtqueue_start(&queue, &memory));
		*parts[i].gpa = last + parts[i].alignment;
		assert_false(virtqueue_start(&queue, &memory));
		for (size_t j = 0; j < 5; j++) {
			*parts[i].gpa = outside[j];
			assert_false(virtqueue_start(&queue, &memory));
			assert_false(queue.ready);
		}
	}
}

static void starts_from_zero(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 1, 0, 0);
	assert_true(take(0));
	virtqueue_push(&queue, &chain, 0);
	assert_true(virtqueue_wants_interrupt(&queue));
	ring.avail->idx += QUEUE_SIZE + 1;
	assert_false(virtqueue_pop(&queue, &chain));
	assert_true(queue.broken);

	ring.avail->idx = 0;
	ring.used->idx = 0;
	assert_true(virtqueue_start(&queue, &memory));
	assert_false(queue.broken);
	assert_false(virtqueue_wants_interrupt(&queue));
	assert_true(take(0));
	virtqueue_push(&queue, &chain, 7);
	assert_int_equal(ring.used->idx, 1);
	assert_int_equal(ring.used->ring[0].len, 7);
}

/* ---- take and give ---- */

static void nothing_to_take(void **state)
{
	(void)state;
	assert_false(virtqueue_pop(&queue, &chain));
	assert_false(queue.broken);
	ring_offer(&ring, 0);
	queue.ready = false;
	assert_false(virtqueue_pop(&queue, &chain));
}

static void taken_in_order_and_given_back(void **state)
{
	static const uint16_t heads[] = { 3, 0, 7 };

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		describe(heads[i], BUFFER_GPA + i, 1, 0, 0);
		ring_offer(&ring, heads[i]);
	}
	for (uint16_t i = 0; i < 3; i++) {
		assert_true(virtqueue_pop(&queue, &chain));
		assert_true(chain.valid);
		assert_int_equal(chain.head, heads[i]);
		expect_buffer(0, BUFFER_GPA + i, 1);
		virtqueue_push(&queue, &chain, 100u + i);
		assert_int_equal(ring.used->idx, i + 1);
		assert_int_equal(ring.used->ring[i].id, heads[i]);
		assert_int_equal(ring.used->ring[i].len, 100 + i);
	}
	assert_false(virtqueue_pop(&queue, &chain));
	/* Nothing else in the rings has changed. */
	assert_int_equal(ring.avail->idx, 3);
	assert_int_equal(ring.used->flags, 0);
	assert_int_equal(*ring_avail_event(&ring), 0);
	assert_true(all_are(&ring.used->ring[3], 5 * 8, 0));
}

static void indices_wrap(void **state)
{
	(void)state;
	describe(5, BUFFER_GPA, 1, 0, 0);
	for (uint32_t i = 0; i < 65536 * 2 + 10; i++) {
		assert_true(take(5));
		virtqueue_push(&queue, &chain, i);
		assert_int_equal(ring.used->idx, (uint16_t)(i + 1));
		assert_int_equal(ring.used->ring[i % QUEUE_SIZE].len, i);
		assert_false(virtqueue_pop(&queue, &chain));
		assert_true(virtqueue_wants_interrupt(&queue));
	}
}

static void a_full_ring_is_fine(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < QUEUE_SIZE; i++) {
		describe(i, BUFFER_GPA, 1, 0, 0);
		ring_offer(&ring, i);
	}
	for (uint16_t i = 0; i < QUEUE_SIZE; i++)
		assert_true(virtqueue_pop(&queue, &chain));
	assert_false(virtqueue_pop(&queue, &chain));
	assert_false(queue.broken);
}

static void more_than_a_full_ring_breaks(void **state)
{
	static const uint16_t jumps[] = { QUEUE_SIZE + 1, 0x7fff, 0xffff };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ring.avail->idx = jumps[i];
		assert_true(virtqueue_start(&queue, &memory));
		assert_false(virtqueue_pop(&queue, &chain));
		assert_true(queue.broken);
		/* It stays so, and touches nothing. */
		ring.avail->idx = 1;
		assert_false(virtqueue_pop(&queue, &chain));
		queue.event_idx = true;
		assert_false(virtqueue_rearm(&queue));
		assert_int_equal(ring.used->idx, 0);
	}
}

static void a_head_outside_the_table_breaks(void **state)
{
	static const uint16_t heads[] = { QUEUE_SIZE, 0x7fff, 0xffff };

	(void)state;
	describe(QUEUE_SIZE - 1, BUFFER_GPA, 1, 0, 0);
	assert_true(take(QUEUE_SIZE - 1));
	for (size_t i = 0; i < 3; i++) {
		assert_true(virtqueue_start(&queue, &memory));
		ring.avail->idx = 0;
		ring_offer(&ring, heads[i]);
		assert_false(virtqueue_pop(&queue, &chain));
		assert_true(queue.broken);
	}
}

/* ---- notifications and interrupts ---- */

static void without_events_there_is_no_rearming(void **state)
{
	(void)state;
	*ring_avail_event(&ring) = 0x1234;
	ring_offer(&ring, 0);
	assert_false(virtqueue_rearm(&queue));
	assert_int_equal(*ring_avail_event(&ring), 0x1234);
	queue.event_idx = true;
	queue.ready = false;
	assert_false(virtqueue_rearm(&queue));
	assert_int_equal(*ring_avail_event(&ring), 0x1234);
}

static void rearming_asks_for_the_next(void **state)
{
	(void)state;
	queue.event_idx = true;
	describe(0, BUFFER_GPA, 1, 0, 0);
	for (uint16_t i = 1; i < 20; i++) {
		assert_true(take(0));
		assert_false(virtqueue_rearm(&queue));
		assert_int_equal(*ring_avail_event(&ring), i);
	}
	/* One has come before it was asked for. */
	ring_offer(&ring, 0);
	assert_true(virtqueue_rearm(&queue));
	assert_int_equal(*ring_avail_event(&ring), 19);
}

static void give_back(unsigned int count)
{
	while (count-- > 0) {
		assert_true(take(0));
		virtqueue_push(&queue, &chain, 0);
	}
}

static void interrupts_unless_the_flag_is_set(void **state)
{
	(void)state;
	describe(0, BUFFER_GPA, 1, 0, 0);
	assert_false(virtqueue_wants_interrupt(&queue));
	give_back(1);
	assert_true(virtqueue_wants_interrupt(&queue));
	assert_false(virtqueue_wants_interrupt(&queue));
	ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	give_back(2);
	assert_false(virtqueue_wants_interrupt(&queue));
	/* What was given back then counts no more. */
	ring.avail->flags = 0;
	assert_false(virtqueue_wants_interrupt(&queue));
	ring.avail->flags = (uint16_t)~VRING_AVAIL_F_NO_INTERRUPT;
	give_back(1);
	assert_true(virtqueue_wants_interrupt(&queue));
	give_back(1);
	queue.ready = false;
	assert_false(virtqueue_wants_interrupt(&queue));
}

static void interrupts_when_the_event_is_passed(void **state)
{
	(void)state;
	queue.event_idx = true;
	describe(0, BUFFER_GPA, 1, 0, 0);
	*ring_used_event(&ring) = 2; /* that is: once the third is used */
	give_back(1);
	assert_false(virtqueue_wants_interrupt(&queue));
	give_back(1);
	assert_false(virtqueue_wants_interrupt(&queue));
	give_back(1);
	assert_true(virtqueue_wants_interrupt(&queue));
	give_back(1);
	assert_false(virtqueue_wants_interrupt(&queue));
	/* The event lies within several. */
	*ring_used_event(&ring) = 5;
	give_back(4);
	assert_true(virtqueue_wants_interrupt(&queue));
	*ring_used_event(&ring) = 5;
	give_back(4);
	assert_false(virtqueue_wants_interrupt(&queue));
}

static void with_events_the_flag_is_ignored(void **state)
{
	(void)state;
	queue.event_idx = true;
	describe(0, BUFFER_GPA, 1, 0, 0);
	ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	*ring_used_event(&ring) = 0;
	give_back(1);
	assert_true(virtqueue_wants_interrupt(&queue));
	ring.avail->flags = 0;
	give_back(1);
	assert_false(virtqueue_wants_interrupt(&queue));
}

static void events_wrap(void **state)
{
	(void)state;
	queue.event_idx = true;
	describe(0, BUFFER_GPA, 1, 0, 0);
	for (uint32_t i = 0; i < 65536 + 100; i++) {
		*ring_used_event(&ring) = (uint16_t)i;
		give_back(1);
		assert_true(virtqueue_wants_interrupt(&queue));
		*ring_used_event(&ring) = (uint16_t)i;
		assert_false(virtqueue_rearm(&queue));
		assert_int_equal(*ring_avail_event(&ring), (uint16_t)(i + 1));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(size_has_to_be_set),
		TEST(parts_have_to_be_aligned),
		TEST(parts_have_to_be_in_ram),
		TEST(starts_from_zero),
		TEST(nothing_to_take),
		TEST(taken_in_order_and_given_back),
		TEST(indices_wrap),
		TEST(a_full_ring_is_fine),
		TEST(more_than_a_full_ring_breaks),
		TEST(a_head_outside_the_table_breaks),
		TEST(without_events_there_is_no_rearming),
		TEST(rearming_asks_for_the_next),
		TEST(interrupts_unless_the_flag_is_set),
		TEST(interrupts_when_the_event_is_passed),
		TEST(with_events_the_flag_is_ignored),
		TEST(events_wrap),
	};

	return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
