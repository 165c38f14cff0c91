#!/usr/bin/env bats
# What judges exercises by the unit tests (tests/unit): devices and loader on a
# fake machine, without KVM, with the address and undefined behaviour sanitizers.
#
# From the environment: the step's directory as STEP_DIR, and UNIT_BUILD, where
# to build. Unit tests are made of step 3; of step 2 those files are taken that
# are the same in both.

load ../lib

step=${STEP_DIR:-$project/step3-virtio}
build=${UNIT_BUILD:-$project/build/unit}

setup_file() {
	need_files "$step/main.c"
	[ -e "$step/virtqueue.c" ] && return
	mkdir -p "$build"
	rm -rf "$build/step"
	cp -rp "$project/step3-virtio" "$build/step"
	cp -p "$step"/{bus,memory,serial,boot,timer,stop}.[ch] "$step"/*.asm \
		"$build/step"
}

# The program that has this test: PROGRAM, or one whose name goes on after it.
program_of() { # PROGRAM TEST
	local file

	file=$(cd "$project/tests/unit" &&
		grep -l "^static void $2(" "test-$1.c" "test-$1"-[a-z]*.c 2>/dev/null)
	file=${file%%$'\n'*} file=${file#test-}
	echo "${file%.c}"
}

# Builds what has these tests, and has all of them pass.
unit() { # PROGRAM TEST...
	# Nothing bounded: a far sector is not a long file.
	local dir=$step name log program programs bounded=()

	if [ ! -e "$step/virtqueue.c" ]; then dir=$build/step; fi
	programs=$(for name in "${@:2}"; do program_of "$1" "$name"; done | sort -u)
	run timed 120 make -s -j2 -C "$project/tests/unit" STEP="$dir" \
		BUILD="$build" TESTS="$(xargs <<<"$programs")" programs
	is "$status" 0 "exit status of the build" || {
		echo "$output" | grep -m 10 error: >&2
		return 1
	}
	for name in "${@:2}"; do
		program=$(program_of "$1" "$name")
		# shellcheck disable=SC2016
		run timed 60 env UNIT_TEST="$name" bash -c 'exec "$0" 2>&1' \
			"$build/test-$program"
		log=$output output=
		# One that is not there has not passed, either.
		if [ "$status" = 0 ] && grep -qF '[  PASSED  ] 1 ' <<<"$log"; then
			continue
		fi
		echo "the unit test $name in tests/unit/test-$program.c fails:" >&2
		grep -Ev '^\[( RUN| *OK|=|  FAILED|  PASSED)|^ 1 FAILED' <<<"$log" |
			grep . | head -n 8 >&2
		return 1
	done
}

# ---- step 2 ----

@test "unit: an access finds its device, whole or byte by byte" {
	unit bus accesses_come_whole straddling_accesses_go_by_bytes \
		where_nobody_is_all_lines_are_high of_two_at_an_address_the_first_answers \
		devices_at_the_end_of_all_addresses
}

@test "unit: the memory map has all RAM, and nothing else" {
	unit boot the_map_of_memory zero_page_has_only_the_header
}

@test "unit: guest memory on both sides of the 32-bit hole" {
	unit memory below_the_hole both_sides_of_the_hole lengths_that_wrap
}

@test "unit: the initramfs goes as high as it may" {
	unit boot without_initramfs initramfs_as_high_as_allowed \
		initramfs_below_the_hole initramfs_above_the_kernel
}

@test "unit: the serial port's interrupts, by priority" {
	unit serial interrupts_by_priority only_enabled_interrupts \
		enabling_thre_raises_it each_character_sent_interrupts
}

@test "unit: input waits until the driver listens, and arrives whole" {
	unit serial input_waits_for_the_driver input_comes_to_who_polls \
		a_paste_of_64_kib_arrives_whole
}

@test "unit: loopback joins the modem's lines" {
	unit serial loopback_joins_the_modem_lines
}

@test "unit: timers are called in time and in order" {
	unit timer each_is_called_once_in_time called_in_order \
		the_signal_comes_for_the_earliest stopped_ones_are_not_called \
		started_once_more_it_starts_anew called_ones_start_and_stop
}

@test "unit: reboot= is read as Linux reads it" {
	unit boot reboot_by_triple_fault
}

# ---- step 3 ----

@test "unit: the registers say what the device is" {
	unit virtio-mmio says_what_it_is offers_features
}

@test "unit: features are negotiated, status bits remain" {
	unit virtio-mmio accepts_what_it_offers refuses_features \
		other_feature_words_are_ignored
	unit virtio-mmio status_bits_remain
	unit virtio features_in_two_halves all_queues_get_the_features \
		driver_ok_waits_for_features_ok
}

@test "unit: parameters tell the kernel where the devices are" {
	unit virtio-mmio parameters_tell_the_kernel
}

@test "unit: a queue starts only where its three areas are right" {
	unit virtqueue size_has_to_be_set parts_have_to_be_aligned \
		parts_have_to_be_in_ram
}

@test "unit: descriptor chains are collected, and bad ones refused" {
	unit chain readable_then_writable only_writable as_long_as_the_queue \
		up_to_the_top_of_ram outside_ram loops next_outside_the_table \
		readable_behind_writable indirect indirect_not_negotiated \
		indirect_in_indirect
}

@test "unit: a request's header and status, however they are cut" {
	unit virtio-blk header_split_anywhere a_byte_per_descriptor \
		header_with_data data_with_status
	unit virtio-blk no_room_for_a_status no_whole_header
}

@test "unit: the interrupt line follows the status" {
	unit virtio-mmio the_line_follows_the_status \
		an_acknowledge_takes_its_bits_only no_completion_is_lost
}

@test "unit: what a disk refuses, and when a write is done" {
	unit virtio-blk past_the_end no_whole_sectors \
		data_in_the_wrong_direction read_only \
		write_through_without_flush write_through_that_fails
	unit virtio-blk the_last_sector far_sectors
}

@test "unit: the name of the image is the disk's" {
	unit virtio-blk get_id get_id_tells_namesakes_apart get_id_into_any_buffers
}

@test "unit: interrupts only for who wants them" {
	unit virtqueue interrupts_unless_the_flag_is_set \
		interrupts_when_the_event_is_passed with_events_the_flag_is_ignored \
		events_wrap
}

@test "unit: a device works in turns" {
	unit virtio a_turn_is_at_least_one_chain a_notification_is_not_for_ever \
		each_queue_gets_its_next_turn there_is_no_turn_after_a_reset \
		what_comes_meanwhile_is_served the_end_of_the_machine_ends_it
}

# ---- step 4 ----

@test "unit: the GDT says what the segment registers say" {
	unit long-mode segments
}

@test "unit: the first 4 GiB are mapped one to one" {
	unit long-mode pages_are_one_to_one tables_are_in_their_place
}

@test "unit: no segment of a vmlinux is believed" {
	unit vmlinux offsets_and_sizes addresses overlaps \
		segments_are_where_they_say
}

@test "unit: an initramfs above 4 GiB, or as high as it may" {
	unit boot-64 initramfs_above_4_gib initramfs_as_high_as_allowed
}

# ---- step 5 ----

@test "unit: ACPI's tables can be found, and their sums are 0" {
	unit acpi rsdp_of_acpi_2 \
		fadt_names_the_power_registers fadt_points_to_dsdt_and_facs
}

@test "unit: the MADT tells of each processor, and of 255" {
	unit acpi madt_tells_of_each_cpu madt_of_the_largest_machine
}

@test "unit: the end is told to each thread, once, early or late" {
	unit stop-all each_is_told_once who_comes_late_is_told_at_once
}

@test "unit: CPUID's levels are ours, and no others" {
	unit topology levels_are_ours_and_no_others no_leaf_beyond_the_highest
}

@test "unit: the MADT tells of both APICs, and of the SCI" {
	unit acpi madt_is_as_kvm_has_it
}

@test "unit: PM1 takes writes of every width, and switches off" {
	unit power writes_in_every_width switches_off \
		switches_off_by_bytes_and_dwords other_states_are_none
}

@test "unit: the button is an event with a level, and of use once" {
	unit power sci_is_a_level ones_clear_status \
		no_sci_where_it_is_not_enabled button_is_of_use_once \
		nor_twice_for_who_took_notice
}

# ---- irqchip ----

@test "unit: the most urgent of an 8259's lines is next" {
	unit i8259 the_most_urgent after_power_on spurious_7
}

@test "unit: OCW2 ends interrupts, and rotates ranks" {
	unit i8259 specific_eoi fully_nested rotation specific_rotation \
		set_priority automatic_eoi nothing_in_service_rotates_nothing
}

@test "unit: the output of a counter in six modes" {
	unit i8254 mode_0 mode_1 mode_2 mode_2_gate mode_3_even mode_3_odd \
		mode_4 mode_5
}

@test "unit: ticks come in time, catch up, and leave time in between" {
	unit i8254 mode_0_once ten_minutes late_ticks_catch_up far_too_late \
		not_too_fast
}

# ---- step 7 ----

@test "unit: the entropy source fills what it may write, and no more" {
	unit virtio-rng fills_what_it_may_write \
		nothing_to_write_to_is_given_back a_long_chain_gets_a_part
}

@test "unit: the card sends what it can, and keeps what it cannot" {
	unit virtio-net-send a_frame_goes_out what_is_no_frame_is_not_sent \
		a_full_back_end_is_waited_for one_turn_ends
}

@test "unit: a frame fills as many buffers as it takes, all or none" {
	unit virtio-net a_frame_fills_a_buffer a_long_frame_fills_several \
		a_header_in_single_bytes without_a_buffer_it_waits \
		without_merging_one_has_to_do what_never_fits_is_dropped \
		bad_buffers_come_back_once a_bad_one_behind_a_good_one
}

@test "unit: frames come out of a stream that is cut anywhere" {
	unit net-stream cut_anywhere byte_by_byte many_at_once of_every_size \
		a_length_that_is_none
}

@test "unit: frames go into a stream that takes what it likes" {
	unit net-stream what_is_sent_has_a_length_in_place_of_the_header \
		a_full_socket
}

# ---- step 8 ----

@test "unit: configuration space is read whole, and written where it may be" {
	unit pci says_what_it_is nobody_is_all_ones both_ways_lead_to_the_same \
		only_some_bits_can_be_written any_access_anywhere_is_harmless
}

@test "unit: BARs tell their size, and are where the guest puts them" {
	unit pci a_bar_tells_its_size a_bar_is_where_it_was_put \
		no_bar_outside_of_the_windows of_two_at_one_place_the_first_answers
}

@test "unit: messages are sent, or wait until they may be" {
	unit msix sends_the_guests_message a_masked_vector_stays_pending \
		a_masked_function_too and_what_is_no_bus_master garbage_is_only_sent
}

@test "unit: registers are reached by configuration space, and no more than they" {
	unit virtio-pci another_way_to_the_registers the_other_way_has_bounds
}
