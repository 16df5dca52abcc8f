// SPDX-License-Identifier: Apache-2.0
//
// Two functions of LAPACK and BLAS as Fortran has them: everything by reference, and after all arguments the
// lengths of the texts.
#include <stddef.h>

void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t, size_t);
void dsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
            const double *a, const int *lda, const double *beta, double *c, const int *ldc, size_t,
            size_t);

static inline void lapack_dsyevd(const char *jobz, const char *uplo, const int *n, double *a,
                                 const int *lda, double *w, double *work, const int *lwork, int *iwork,
                                 const int *liwork, int *info) {
    dsyevd_(jobz, uplo, n, a, lda, w, work, lwork, iwork, liwork, info, 1, 1);
}

static inline void lapack_dsyrk(const char *uplo, const char *trans, const int *n, const int *k,
                                const double *alpha, const double *a, const int *lda,
                                const double *beta, double *c, const int *ldc) {
    dsyrk_(uplo, trans, n, k, alpha, a, lda, beta, c, ldc, 1, 1);
}
