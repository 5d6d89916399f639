// Package unlockhdf5 turns off the file locks of the HDF5 library in a program that imports it.
//
// HDF5 locks the files that it opens. If another program holds a lock, or if a file system has no locks, such as some network
// file systems, intact files would look damaged. Package coco only reads complete files, and writes others under temporary
// names, so it needs no locks.
//
// HDF5 1.14 reads the environment variable once, when gonum.org/v1/hdf5 is initialized. Go initializes packages in the order
// of their import paths as far as their imports allow, so this package comes first.
package unlockhdf5

import "os"

func init() {
	const name = "HDF5_USE_FILE_LOCKING"
	if _, set := os.LookupEnv(name); !set { // users may set it themselves
		_ = os.Setenv(name, "FALSE") // fails for malformed names only
	}
}
