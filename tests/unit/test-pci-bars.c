/* BARs: their sizes and places (PCI Local Bus 3.0, 6.2.5.1). */
#include "pci-bus.h"

/* 6.2.5.1 */
static void a_bar_tells_its_size(void **state)
{
	(void)state;
	assert_int_equal(in(1, PCI_BASE_ADDRESS_0, 4),
			 PCI_BASE_ADDRESS_MEM_TYPE_64);
	place(1, UINT64_MAX);
	assert_int_equal(in(1, PCI_BASE_ADDRESS_0, 4),
			 (uint32_t)-BAR_SIZE | PCI_BASE_ADDRESS_MEM_TYPE_64);
	assert_int_equal(in(1, PCI_BASE_ADDRESS_1, 4), UINT32_MAX);
	/* Byte by byte as well */
	for (uint32_t i = 0; i < 4; i++)
		out(1, PCI_BASE_ADDRESS_0 + i, 0, 1);
	assert_int_equal(in(1, PCI_BASE_ADDRESS_0, 4),
			 PCI_BASE_ADDRESS_MEM_TYPE_64);
}

static void a_bar_is_where_it_was_put(void **state)
{
	(void)state;
	assert_int_equal(answers(PCI_WINDOW_GPA), 0);
	place(1, PCI_WINDOW_GPA);
	assert_int_equal(answers(PCI_WINDOW_GPA), 0);
	decode(1, true);
	assert_int_equal(answers(PCI_WINDOW_GPA), 1);
	assert_int_equal(answers(PCI_WINDOW_GPA + BAR_SIZE - 4), 1);
	assert_int_equal(seen.offset, BAR_SIZE - 4);
	assert_int_equal(answers(PCI_WINDOW_GPA + BAR_SIZE), 0);
	/* Moved: above 4 GiB, and to the end of the window */
	place(1, PCI_HIGH_GPA + BAR_SIZE);
	assert_int_equal(answers(PCI_WINDOW_GPA), 0);
	assert_int_equal(answers(PCI_HIGH_GPA + BAR_SIZE - 4), 0);
	assert_int_equal(answers(PCI_HIGH_GPA + BAR_SIZE), 1);
	place(1, PCI_HIGH_GPA + PCI_HIGH_SIZE - BAR_SIZE);
	assert_int_equal(answers(PCI_HIGH_GPA + PCI_HIGH_SIZE - 4), 1);
	put(PCI_HIGH_GPA + PCI_HIGH_SIZE - 8, 0, 8);
	assert_int_equal(seen.writes, 1);
	assert_int_equal(seen.size, 8);
	/* Off: gone, and back with the place that it had */
	decode(1, false);
	assert_int_equal(answers(PCI_HIGH_GPA + PCI_HIGH_SIZE - 4), 0);
	put(PCI_HIGH_GPA + PCI_HIGH_SIZE - 4, 0, 4);
	assert_int_equal(seen.writes, 1);
	decode(1, true);
	assert_int_equal(answers(PCI_HIGH_GPA + PCI_HIGH_SIZE - 4), 1);
}

/* RAM, ECAM, APICs, the top, and nothing: there it does not answer. */
static void no_bar_outside_of_the_windows(void **state)
{
	static const uint64_t places[] = {
		0,
		0x100000,
		PCI_WINDOW_GPA - BAR_SIZE,
		PCI_WINDOW_GPA + PCI_WINDOW_SIZE,
		0xfec00000,
		0xfee00000,
		HOLE_END,
		PCI_HIGH_GPA - BAR_SIZE,
		PCI_HIGH_GPA + PCI_HIGH_SIZE,
		-(uint64_t)BAR_SIZE,
	};

	(void)state;
	decode(1, true);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		place(1, places[i]);
		for (uint64_t offset = 0; offset < BAR_SIZE; offset += 4)
			get(places[i] + offset, 4);
		assert_int_equal(seen.reads, 0);
		assert_int_equal(answers(PCI_WINDOW_GPA), 0);
	}
	/* And ECAM is not hidden by it. */
	place(1, PCI_ECAM_GPA);
	assert_int_equal(get(ecam(0, 1, 0, 0), 4), 0x56781234);
}

static void of_two_at_one_place_the_first_answers(void **state)
{
	(void)state;
	for (uint32_t slot = DEVICES; slot > 0; slot--) {
		place(slot, PCI_WINDOW_GPA);
		decode(slot, true);
		assert_int_equal(answers(PCI_WINDOW_GPA), slot);
	}
	decode(1, false);
	assert_int_equal(answers(PCI_WINDOW_GPA), 2);
	place(2, PCI_WINDOW_GPA + BAR_SIZE);
	assert_int_equal(answers(PCI_WINDOW_GPA), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_bar_tells_its_size),
		TEST(a_bar_is_where_it_was_put),
		TEST(no_bar_outside_of_the_windows),
		TEST(of_two_at_one_place_the_first_answers),
	};

	return cmocka_run_group_tests_name("PCI's BARs", tests, NULL, NULL);
}
