/* pid_file: a file with the number of the daemon that holds its lock. The lock tells that the
 * daemon lives; the number is for people and scripts. What is no pid file is left alone.
 */
#ifndef STDINETD_BASE_PID_FILE_H
#define STDINETD_BASE_PID_FILE_H

/* A pid file, locked while we live so that a second daemon sees it. */
struct pid_file {
    char *path; /* NULL: none; malloc'ed */
    int fd;
};

/* Writes our pid. 0; -EEXIST when another daemon holds the lock; -ENOTUNIQ where
 * something else is in it; another -errno. */
int pid_file_write(const char *path, struct pid_file *ret);

/* The one that an earlier daemon in this process wrote and holds. 0 or -ENOMEM. */
int pid_file_adopt(const char *path, int fd, struct pid_file *ret);

/* Removes it. */
void pid_file_remove(struct pid_file *file);

#endif
