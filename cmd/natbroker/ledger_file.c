/*
 * A slice is written in a turn of the loop and not more than one in a millisecond, so that no
 * datagram waits for long. Nothing waits for the disk either, but at a clean end: after a power cut
 * the file may be the one before or damaged, as its checksum then says, and clients prove their keys
 * again.
 */
#include "ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "io/clock.h"
#include "io/files.h"

#define SLICE     65536 /* bytes */
#define INTERVAL  (10 * NK_S)
#define PAUSE     NK_MS /* between two slices */
#define MODE      (S_IRUSR | S_IWUSR)
#define NEW_BEGIN (O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
#define LOCK_OPEN (O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static int64_t unix_at_zero(void)
{
	return clock_unix() - clock_boottime();
}

/* A file beside the ledger, which is another one after each renaming, and which stays: a name that
 * is removed could be locked by two. */
static int take_lock(struct ledger_file *f)
{
	char name[PATH_MAX + sizeof(".lock")];

	snprintf(name, sizeof(name), "%s.lock", f->path);
	f->lock = open(name, LOCK_OPEN, MODE);
	return f->lock >= 0 && flock(f->lock, LOCK_EX | LOCK_NB) == 0 ? 0 : NK_ERR_SYSTEM;
}

/* A device, a pipe or a symbolic link is not ours to replace. */
static int check_kind(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : NK_ERR_SYSTEM;
	return S_ISREG(st.st_mode) ? 0 : NK_ERR_BAD_INPUT;
}

static int take_over(struct ledger_file *f, struct broker *b, nk_time now)
{
	struct stat st;
	char *bytes;
	size_t len;
	int rc;

	if (stat(f->path, &st) != 0)
		return errno == ENOENT ? 0 : NK_ERR_SYSTEM;
	if (st.st_size == 0)
		return 0;
	rc = files_read(&bytes, &len, f->path, (size_t)st.st_size);
	if (rc != 0)
		return rc;
	f->exposed = (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
	f->bytes = len;
	f->unix_time = st.st_mtim.tv_sec * NK_S;
	if (ledger_is_one((const uint8_t *)bytes, len))
		rc = ledger_read(b, (const uint8_t *)bytes, len, unix_at_zero(), now);
	else
		rc = NK_ERR_BAD_INPUT;
	crypto_wipe(bytes, len);
	free(bytes);
	return rc;
}

int ledger_file_open(struct ledger_file *f, const char *path, struct broker *b, nk_time now)
{
	int rc;

	*f = (struct ledger_file){.path = path, .fd = -1, .lock = -1, .due = NK_NEVER};
	if (path == NULL)
		return 0;
	/* One name, not a new one each time: what a killed broker left behind is replaced. */
	if (snprintf(f->temp, sizeof(f->temp), "%s.new", path) >= (int)sizeof(f->temp)) {
		errno = ENAMETOOLONG;
		return NK_ERR_SYSTEM;
	}
	rc = check_kind(path);
	if (rc == 0)
		rc = take_lock(f);
	return rc == 0 ? take_over(f, b, now) : rc;
}

void ledger_file_free(struct ledger_file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}

/* Nothing is left of the new version: a disk that is full has need of the room. */
static void fail(struct ledger_file *f)
{
	f->error = errno;
	f->failed++;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	unlink(f->temp);
}

static void begin(struct ledger_file *f)
{
	f->cursor = (struct ledger_cursor){.next = 0};
	unlink(f->temp);
	f->fd = open(f->temp, NEW_BEGIN, MODE);
	if (f->fd < 0 || fchmod(f->fd, MODE) != 0)
		fail(f);
}

static void end(struct ledger_file *f)
{
	const int fd = f->fd;

	f->fd = -1;
	if (close(fd) != 0 || rename(f->temp, f->path) != 0) {
		fail(f);
		return;
	}
	f->error = 0;
	f->written++;
	f->bytes = f->cursor.written;
	f->unix_time = clock_unix();
}

static void write_slice(struct ledger_file *f, const struct broker *b, nk_time now)
{
	static uint8_t slice[SLICE];
	const size_t len = ledger_write(b, &f->cursor, slice, sizeof(slice), unix_at_zero(), now);
	size_t done = 0;

	while (done < len) {
		const ssize_t n = write(f->fd, slice + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(f);
			break;
		}
		done += (size_t)n;
	}
	crypto_wipe(slice, len);
}

static int result(const struct ledger_file *f)
{
	errno = f->error;
	return f->error == 0 ? 0 : NK_ERR_SYSTEM;
}

int ledger_file_begin(struct ledger_file *f, nk_time now)
{
	if (f->path == NULL)
		return 0;
	begin(f);
	if (f->fd >= 0)
		f->due = now;
	return result(f);
}

nk_time ledger_file_due(const struct ledger_file *f)
{
	return f->due;
}

void ledger_file_turn(struct ledger_file *f, const struct broker *b, nk_time now)
{
	if (now < f->due)
		return;
	if (f->fd < 0)
		begin(f);
	if (f->fd >= 0)
		write_slice(f, b, now);
	if (f->fd >= 0 && f->cursor.ended)
		end(f);
	f->due = now + (f->fd >= 0 ? PAUSE : INTERVAL);
}

int ledger_file_finish(struct ledger_file *f, const struct broker *b, nk_time now)
{
	if (f->path == NULL)
		return 0;
	if (f->fd >= 0)
		close(f->fd);
	begin(f);
	while (f->fd >= 0 && !f->cursor.ended)
		write_slice(f, b, now);
	if (f->fd >= 0 && fsync(f->fd) != 0)
		fail(f);
	if (f->fd >= 0)
		end(f);
	return result(f);
}
