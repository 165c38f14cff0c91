#include "vmlinux.h"

#include "die.h"
#include "memory-map.h"

#include <elf.h>
#include <string.h>

/* More segments than any kernel has: Linux has four or five. */
#define MAX_SEGMENTS 64

bool vmlinux_is(struct file *file)
{
	char magic[SELFMAG];

	if (file->size < sizeof(magic))
		return false;
	file_seek(file, 0);
	file_read(file, magic, sizeof(magic));
	return memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* Is it a program, and for this machine? */
static void check_header(const struct file *file, const Elf64_Ehdr *header)
{
	const char *path = file->path;

	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		die("%s: no 64-bit ELF file: this machine starts in 64-bit mode",
		    path);
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		die("%s: an ELF file for a big-endian machine", path);
	if (header->e_machine != EM_X86_64)
		die("%s: an ELF file for another machine (number %u, not x86-64's %d)",
		    path, header->e_machine, EM_X86_64);
	if (header->e_type != ET_EXEC)
		die("%s: an ELF file, but no executable: of a kernel tree take vmlinux itself",
		    path);
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
	    header->e_phnum > MAX_SEGMENTS)
		die("%s: an ELF file with %u segments of %u bytes each", path,
		    header->e_phnum, header->e_phentsize);
}

static void check_segment(const struct file *file, const Elf64_Phdr *segment,
			  const struct memory *memory)
{
	uint64_t top = memory_below_hole(memory);

	if (segment->p_filesz > segment->p_memsz)
		die("%s: a segment with more bytes in the file than in memory",
		    file->path);
	if (segment->p_offset > file->size ||
	    segment->p_filesz > file->size - segment->p_offset)
		die("%s: truncated: a segment of %llu bytes from %llu on, in a file of %zu",
		    file->path, (unsigned long long)segment->p_filesz,
		    (unsigned long long)segment->p_offset, file->size);
	if (segment->p_paddr < KERNEL_GPA)
		die("%s: a segment at 0x%llx: below 1 MiB there are the VMM's tables",
		    file->path, (unsigned long long)segment->p_paddr);
	if (segment->p_paddr > top || segment->p_memsz > top - segment->p_paddr)
		die("%s: a segment of 0x%llx bytes at 0x%llx, but memory ends at 0x%llx: use a larger -m",
		    file->path, (unsigned long long)segment->p_memsz,
		    (unsigned long long)segment->p_paddr,
		    (unsigned long long)top);
}

/* Both are checked, so that their ends do not wrap. */
static bool overlap(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	return a->p_paddr < b->p_paddr + b->p_memsz &&
	       b->p_paddr < a->p_paddr + a->p_memsz;
}

/* Guest memory is zero from its start, so that BSS needs no clearing. */
static void load_segment(const struct memory *memory, struct file *file,
			 const Elf64_Phdr *segment)
{
	file_seek(file, segment->p_offset);
	file_read(file, memory_at(memory, segment->p_paddr, segment->p_filesz),
		  segment->p_filesz);
}

/* Reads the program headers; those of PT_LOAD come first, and are counted. */
static size_t read_segments(struct file *file, const Elf64_Ehdr *header,
			    Elf64_Phdr *segments)
{
	size_t count = 0;

	if (header->e_phoff > file->size ||
	    header->e_phnum * sizeof(*segments) > file->size - header->e_phoff)
		die("%s: truncated: its program headers are missing",
		    file->path);
	file_seek(file, header->e_phoff);
	for (size_t i = 0; i < header->e_phnum; i++) {
		file_read(file, &segments[count], sizeof(*segments));
		if (segments[count].p_type == PT_LOAD &&
		    segments[count].p_memsz > 0)
			count++;
	}
	return count;
}

uint64_t vmlinux_load(const struct memory *memory, struct file *file,
		      uint64_t *end)
{
	Elf64_Phdr segments[MAX_SEGMENTS];
	bool has_entry = false;
	Elf64_Ehdr header;
	size_t count;

	if (file->size < sizeof(header))
		die("%s: truncated: too short for an ELF file", file->path);
	file_seek(file, 0);
	file_read(file, &header, sizeof(header));
	check_header(file, &header);
	count = read_segments(file, &header, segments);

	*end = 0;
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *segment = &segments[i];

		check_segment(file, segment, memory);
		for (size_t j = 0; j < i; j++)
			if (overlap(segment, &segments[j]))
				die("%s: its segments at 0x%llx and 0x%llx overlap",
				    file->path,
				    (unsigned long long)segments[j].p_paddr,
				    (unsigned long long)segment->p_paddr);
		load_segment(memory, file, segment);
		if (segment->p_paddr + segment->p_memsz > *end)
			*end = segment->p_paddr + segment->p_memsz;
		if (header.e_entry >= segment->p_paddr &&
		    header.e_entry - segment->p_paddr < segment->p_filesz)
			has_entry = true;
	}
	if (!has_entry)
		die("%s: its entry 0x%llx is in none of its segments",
		    file->path, (unsigned long long)header.e_entry);
	return header.e_entry;
}
